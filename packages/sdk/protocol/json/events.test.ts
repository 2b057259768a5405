import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ServingError } from '../../errors/index.ts'
import { BytesArray } from '../../tensor/index.ts'
import { serializeErrorEvent, serializeInferEvent } from './events.ts'

describe('server-sent events', () => {
  it('carry one compact response each', () => {
    const event = serializeInferEvent({
      modelName: 'm',
      id: '1',
      outputs: [{ name: 'output', datatype: 'BYTES', shape: [1], data: BytesArray.from(['two\nlines']) }],
    })
    assert.equal(
      Buffer.from(event).toString(),
      'data: {"model_name":"m","id":"1","outputs":[{"name":"output","shape":[1],"datatype":"BYTES","data":["two\\nlines"]}]}\n\n',
    )
  })

  it('carry an error on one line', () => {
    const event = serializeErrorEvent({ message: 'it "broke"\nhere' })
    assert.equal(Buffer.from(event).toString(), 'data: {"error":"it \\"broke\\"\\nhere"}\n\n')
  })

  it('refuse what JSON cannot carry', () => {
    assert.throws(
      () =>
        serializeInferEvent({
          modelName: 'm',
          outputs: [{ name: 'y', datatype: 'BF16', shape: [1], data: Uint16Array.of(1) }],
        }),
      (error: unknown) => ServingError.is(error) && error.code === 'INVALID_ARGUMENT',
    )
  })
})
