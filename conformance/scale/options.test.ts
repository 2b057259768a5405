import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readOptions } from './options.ts'

test('without options, the run that the limits in the documentation come from', () => {
  const { seconds, models, budgetModels, parts } = readOptions([])!
  assert.deepEqual(
    { seconds, models, budgetModels, parts },
    {
      seconds: 180,
      models: 10_000,
      budgetModels: 200,
      parts: ['saturation', 'hits', 'misses', 'restart'],
    },
  )
})

test('a short form, one part of it, and its help', () => {
  const args = [
    '--seconds',
    '15',
    '--models',
    '2000',
    '--budget-models',
    '50',
    '--seed',
    '7',
    '--only',
    'hits',
  ]
  assert.deepEqual(readOptions(args), {
    seconds: 15,
    models: 2000,
    budgetModels: 50,
    seed: 7,
    parts: ['hits'],
  })
  assert.equal(readOptions(['--help']), undefined)
  assert.equal(readOptions(['--models', '100'])!.budgetModels, 99)
})

test('what cannot be is refused by name, value and what is allowed', () => {
  const refusals: readonly (readonly [args: readonly string[], text: RegExp])[] = [
    [['--seconds', '4'], /--seconds is '4'; it must be an integer from 5 to 86400/],
    [['--models', '99'], /--models is '99'; it must be an integer from 100 to 90000/],
    [['--models', '100', '--budget-models', '100'], /--budget-models is '100'; .* from 40 to 99/],
    [['--seed', '-1x'], /--seed/],
    [['--only', 'all'], /--only is 'all'; it must be one of saturation, hits, misses, restart/],
    [['--modells', '5'], /--modells/],
  ]
  for (const [args, text] of refusals) assert.throws(() => readOptions(args), text)
})
