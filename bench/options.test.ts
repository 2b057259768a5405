import assert from 'node:assert/strict'
import { test } from 'node:test'
import { helpText, readOptions } from './options.ts'

const NAMES = ['rest-json-small', 'start']

test('without options everything is measured thoroughly', () => {
  const options = readOptions([], NAMES)
  assert.equal(options.only, null)
  assert.equal(options.isQuick, false)
  assert.ok(options.rounds >= 3, 'a median needs several rounds')
})

test('quick is one round, unless rounds are asked for', () => {
  assert.equal(readOptions(['--quick'], NAMES).rounds, 1)
  assert.equal(readOptions(['--quick', '--rounds', '4'], NAMES).rounds, 4)
})

test('only takes a name that exists', () => {
  assert.equal(readOptions(['--only', 'start'], NAMES).only, 'start')
  assert.throws(
    () => readOptions(['--only', 'stop'], NAMES),
    /'stop'; it must be one of rest-json-small, start/,
  )
})

for (const rounds of ['0', '101', '-1', '1.5', 'many', '']) {
  test(`rounds cannot be '${rounds}'`, () => {
    assert.throws(() => readOptions([`--rounds=${rounds}`], NAMES), /whole number from 1 to 100/)
  })
}

test('an unknown option is refused', () => {
  assert.throws(() => readOptions(['--fast'], NAMES), TypeError)
})

test('help names every scenario', () => {
  for (const name of NAMES) assert.ok(helpText(NAMES).includes(name))
})
