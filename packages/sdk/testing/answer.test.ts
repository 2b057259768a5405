import assert from 'node:assert/strict'
import { test } from 'node:test'
import { textCodec } from '../codecs/index.ts'
import type { Tensor } from '../tensor/index.ts'
import { toAnswer } from './answer.ts'

const bytes = (name: string, contentType?: string): Tensor => ({
  ...textCodec.encode(name, ['aGk=']),
  parameters: contentType === undefined ? undefined : { content_type: contentType },
})

test('is the response, and its values beside it', () => {
  const response = { modelName: 'm', id: '1', outputs: [bytes('x', 'str')] }
  assert.deepEqual(toAnswer(response, []), { ...response, values: { x: ['aGk='] } })
})

test('values are decoded by the declared content type, else by the tensor’s own', () => {
  const outputs = [bytes('declared', 'str'), bytes('own', 'base64')]
  const { values } = toAnswer({ modelName: 'm', outputs }, [
    { name: 'declared', datatype: 'BYTES', shape: [-1], contentType: 'base64' },
  ])
  assert.deepEqual(values, { declared: [Uint8Array.of(104, 105)], own: [Uint8Array.of(104, 105)] })
})

test('values without a content type, or one that nobody knows, are the tensor’s array', () => {
  const numbers: Tensor = {
    name: 'numbers',
    datatype: 'INT8',
    shape: [1],
    data: Int8Array.of(1),
    parameters: { content_type: 'nosuch' },
  }
  const plain = bytes('plain')
  const { values } = toAnswer({ modelName: 'm', outputs: [numbers, plain] }, [])
  assert.equal(values['numbers'], numbers.data)
  assert.equal(values['plain'], plain.data)
})
