import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMetricForwarder } from './metric-forwarder.ts'

const silent = () => undefined
const none = () => assert.fail('only histograms are made')

test('values reach their histograms; what cannot be made is told once', () => {
  const seen: unknown[] = []
  const warned: string[] = []
  const log = { debug: silent, info: silent, error: silent, warn: (message: string) => warned.push(message) }
  const forward = createMetricForwarder(
    {
      counter: none,
      gauge: none,
      histogram(name, help) {
        if (name === 'no name') throw new Error('a space')
        return value => seen.push([name, help, value])
      },
    },
    log,
  )
  forward([
    ['rows', 2, 'How many'],
    ['rows', 3, 'ignored now'],
    ['plain', 1.5, ''],
    ['plain', null, ''],
    ['no name', 1, ''],
    ['no name', 1, ''],
  ])
  assert.deepEqual(seen, [
    ['rows', 'How many', 2],
    ['rows', 'How many', 3],
    ['plain', 'plain', 1.5],
  ])
  assert.throws(() => forward([['new', 2, 5]]), /text is expected/)
  forward(Array.from({ length: 300 }, (_, index) => [`m${index}`, 1, '']))
  assert.deepEqual(warned, [
    "metric 'no name' is left out: a space",
    "metric 'm253' is left out: a model has at most 256 of its own",
  ])
})
