import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ServingError } from '../errors/index.ts'
import { assertStream, modelDefect, readAnswer } from './model-defect.ts'

test('a defect is INTERNAL and names the model', () => {
  const cause = new Error('why')
  const error = modelDefect('sum', 'returned nothing', cause)
  assert.deepEqual(
    [error.code, error.message, error.cause],
    ['INTERNAL', 'Model sum returned nothing', cause],
  )
})

test('whatever goes wrong while an answer is read is a defect of the model', () => {
  assert.equal(
    readAnswer('sum', () => 5),
    5,
  )
  const thrown = [
    [new ServingError('INVALID_ARGUMENT', 'bad shape'), 'bad shape'],
    [new TypeError('not iterable'), 'not iterable'],
  ] as const
  for (const [cause, reason] of thrown) {
    const read = () => {
      throw cause
    }
    assert.throws(() => readAnswer('sum', read), {
      code: 'INTERNAL',
      message: `Model sum returned a wrong answer: ${reason}`,
      cause,
    })
  }
})

test('a stream is an async iterable and nothing else', () => {
  assertStream('sum', (async function* () {})())
  for (const [responses, kind] of [
    [undefined, 'undefined'],
    [Promise.resolve(), 'a Promise'],
    [[], 'an Array'],
  ] as const) {
    assert.throws(() => assertStream('sum', responses), {
      code: 'INTERNAL',
      message: `Model sum returned ${kind} from predictStream; expected an async iterable, as \`async *predictStream\` makes it`,
    })
  }
})
