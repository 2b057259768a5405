import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createNamePicker } from './servable-names.ts'
import { ADJECTIVES, NOUNS } from './servable-words.ts'

test('names are words that nobody has yet, and in the end a UUID', async () => {
  const numbers = [0, 0, 1, 1]
  let next = 0
  const pick = createNamePicker({ integer: () => numbers[next++ % numbers.length]!, uuid: () => 'u-u-i-d' })
  const model = { modelName: 'my_model', version: 3 }
  const first = `my-model-3-${ADJECTIVES[0]}-${NOUNS[0]}`
  assert.equal(await pick(model, () => false), first)
  assert.equal(await pick(model, name => name === first), `my-model-3-${ADJECTIVES[1]}-${NOUNS[1]}`)
  next = 0
  assert.equal(await pick(model, () => true), 'my-model-3-u-u-i-d')
  assert.equal(next, 8)
})

test('the words are lower case, and each is there once', () => {
  for (const words of [ADJECTIVES, NOUNS]) {
    assert.equal(new Set(words).size, words.length)
    for (const word of words) assert.match(word, /^[a-z]+$/)
  }
})
