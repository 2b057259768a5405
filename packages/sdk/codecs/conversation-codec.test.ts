import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Tensor, toTensor } from '../tensor/index.ts'
import { conversationCodec } from './conversation-codec.ts'

const tensorOf = (...values: readonly unknown[]): Tensor =>
  toTensor({
    name: 'x',
    datatype: 'BYTES',
    shape: [values.length],
    data: values.map(value => JSON.stringify(value)),
  })

const hello = [
  { role: 'user', content: 'Hello' },
  { role: 'assistant', content: 'Good day' },
  { role: 'user', content: 'How are you?' },
]

test('a conversation is read in each of its forms', () => {
  const forms = [
    hello,
    { uuid: 'a', messages: hello },
    {
      past_user_inputs: ['Hello'],
      generated_responses: ['Good day'],
      new_user_input: 'How are you?',
    },
    { past_user_inputs: ['Hello'], generated_responses: ['Good day'], text: 'How are you?' },
  ]
  assert.deepEqual(
    conversationCodec.decode(tensorOf(...forms)),
    forms.map(() => hello),
  )
})

test('what is written is read again', () => {
  assert.ok(conversationCodec.canEncode([hello]))
  const tensor = conversationCodec.encode('x', [hello])
  assert.deepEqual(tensor.shape, [1, 1])
  assert.deepEqual(tensor.parameters, { content_type: 'hg_conversation' })
  assert.deepEqual(conversationCodec.decode(tensor), [hello])
})

test('what is no conversation is refused', () => {
  for (const value of [
    'hello',
    5,
    null,
    [{ role: 'user' }],
    [{ role: 'user', content: 5 }],
    { messages: ['hello'] },
    { past_user_inputs: 'hello' },
  ]) {
    assert.throws(() => conversationCodec.decode(tensorOf(value)), {
      code: 'INVALID_ARGUMENT',
      message: /^tensor 'x', element 0 is not a conversation.*content type 'hg_conversation' needs$/,
    })
  }
  for (const value of [[], [[]], [[{ role: 'user' }]], 'hello']) {
    assert.equal(conversationCodec.canEncode(value), false)
  }
})
