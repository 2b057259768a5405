import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { toTensor } from '../../tensor/index.ts'
import { encodePredictResponse, HYDROSPHERE_GENERATIONS, predictResponsePayloadOffset } from './index.ts'

const SMALL = toTensor({ name: 'small', datatype: 'FP64', shape: [3], data: [1, 2, 3] })
const TEXT = toTensor({ name: 'text', datatype: 'BYTES', shape: [1], data: ['words'] })

for (const generation of HYDROSPHERE_GENERATIONS) {
  for (const datatype of ['FP32', 'FP64'] as const) {
    test(`${generation} ${datatype}: the first large numbers are found, also behind other tensors`, () => {
      const numbers = Array.from({ length: 2000 }, (_, index) => index + 0.1)
      const large = toTensor({ name: 'large', datatype, shape: [1, 2000], data: numbers })
      const { buffer, byteOffset, byteLength } = large.data
      const values = Buffer.from(buffer, byteOffset, byteLength)
      for (const outputs of [[large], [SMALL, TEXT, large], [large, SMALL]]) {
        const bytes = Buffer.concat(encodePredictResponse(outputs, generation))
        const offset = bytes.indexOf(values)
        assert.ok(offset > 0)
        assert.equal(predictResponsePayloadOffset(bytes), offset)
        for (let length = 0; length <= offset; length++) {
          const found = predictResponsePayloadOffset(bytes.subarray(0, length))
          assert.equal(found, length === offset ? offset : -1)
        }
      }
      assert.equal(
        predictResponsePayloadOffset(Buffer.concat(encodePredictResponse([SMALL], generation))),
        -1,
      )
    })
  }
}

test('any bytes have an offset within them, or none', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), bytes => {
      const offset = predictResponsePayloadOffset(bytes)
      assert.ok(offset >= -1 && offset <= bytes.length)
    }),
  )
})
