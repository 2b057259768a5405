import assert from 'node:assert/strict'
import { test } from 'node:test'
import { array, assert as check, constantFrom, integer, option, property, shuffledSubarray } from 'fast-check'
import { pickDefaultVersion } from './default-version.ts'

test("MLServer's table", () => {
  const table: [loaded: (string | undefined)[], picked: string | undefined][] = [
    [['4', '3', '2', '1', '7', '5', '6'], '7'],
    [['v1', 'v3', 'v2'], 'v3'],
    [['v10', 'v3', 'v2'], 'v3'],
    [['8', 'v3', '7'], 'v3'],
    [['v1.0.0', 'v1.2.3', 'v12.3.4'], 'v12.3.4'],
    [['1', '2', '10'], '10'],
    [['1', undefined, '10'], undefined],
    [['3'], '3'],
    [[], undefined],
  ]
  for (const [loaded, picked] of table) assert.equal(pickDefaultVersion(loaded), picked, String(loaded))
})

test('integers are compared exactly, however long', () => {
  assert.equal(pickDefaultVersion(['9007199254740993', '9007199254740992']), '9007199254740993')
  assert.equal(pickDefaultVersion(['-2', '-10', '+1']), '+1')
})

test('the newest of integers is the greatest', () => {
  check(
    property(array(integer(), { minLength: 1 }), versions => {
      assert.equal(pickDefaultVersion(versions.map(String)), String(Math.max(...versions)))
    }),
  )
})

test('the order of loading does not matter, not even where the rule runs in a circle', () => {
  const versions = ['1', '2', '10', '1x', 'v3', 'v10', '007', '', ' 5 ']
  const some = array(option(constantFrom(...versions), { nil: undefined, freq: 20 }), { minLength: 1 })
  check(
    property(
      some.chain(loaded =>
        shuffledSubarray(loaded, { minLength: loaded.length }).map(other => [loaded, other] as const),
      ),
      ([loaded, other]) => assert.equal(pickDefaultVersion(loaded), pickDefaultVersion(other)),
    ),
  )
  assert.equal(pickDefaultVersion(['10', '2', '1x']), pickDefaultVersion(['1x', '2', '10']))
})
