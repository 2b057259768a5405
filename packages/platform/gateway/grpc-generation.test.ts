import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Tensor } from '@millrace/sdk'
import { encodeGatewayRequest, type HydrosphereValue } from '@millrace/sdk/protocol'
import fc from 'fast-check'
import { gatewayGeneration } from './grpc-generation.ts'

const of = (shape: readonly number[]): Tensor => {
  const count = shape.reduce((product, extent) => product * extent, 1)
  return { name: `x${shape.length}`, datatype: 'FP32', shape, data: new Float32Array(count) }
}
const group = (...members: HydrosphereValue[]) => ({ name: 'g', shape: [], objects: [members] })
const encode = (generation: 'G2' | 'G3', ...inputs: HydrosphereValue[]) =>
  Buffer.concat(encodeGatewayRequest({ modelName: 'm', inputs }, generation))

test('the first shape with an extent tells which generation a message is of', () => {
  for (const generation of ['G2', 'G3'] as const) {
    for (const shape of [[1], [0], [2, 300], [1, 1, 1, 0]]) {
      assert.equal(gatewayGeneration(encode(generation, of(shape))), generation)
      assert.equal(gatewayGeneration(encode(generation, of([]), of(shape))), generation)
    }
    assert.equal(gatewayGeneration(encode(generation, of([]))), undefined)
    assert.equal(gatewayGeneration(encode(generation)), undefined)
  }
})

test('the shape may lie in groups', () => {
  for (const generation of ['G2', 'G3'] as const) {
    assert.equal(gatewayGeneration(encode(generation, group(of([]), group(of([2]))))), generation)
    assert.equal(gatewayGeneration(encode(generation, group(of([])), of([3]))), generation)
    assert.equal(gatewayGeneration(encode(generation, group(of([])))), undefined)
  }
})

test('whatever the bytes are, it answers', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), bytes => {
      assert.ok([undefined, 'G2', 'G3'].includes(gatewayGeneration(bytes)))
    }),
  )
  const whole = encode('G2', of([2, 3]))
  for (let end = 0; end < whole.length; end++) gatewayGeneration(whole.subarray(0, end))
})
