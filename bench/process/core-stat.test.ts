import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCoreTicks } from './core-stat.ts'

const TEXT = `cpu  111 2 33 444 5 6 7 8 0 0
cpu0 100 2 30 400 5 6 7 8 0 0
cpu1 11 0 3 44 0 0 0 0 0 0
cpu10 1 1 1 1 1 1 1 1 0 0
intr 12345
`

test('a core is busy with user, nice and system time', () => {
  assert.deepEqual(parseCoreTicks(TEXT, 0), { busy: 132, stolen: 8 })
})

test('core 1 is neither core 10 nor all cores', () => {
  assert.equal(parseCoreTicks(TEXT, 1).busy, 14)
  assert.equal(parseCoreTicks(TEXT, 10).busy, 3)
})

for (const text of ['', 'cpu  1 2 3 4', 'cpu2 a b c', 'cpu2 1']) {
  test(`no figures in '${text}'`, () => {
    assert.throws(() => parseCoreTicks(text, 2), /no figures for core 2/)
  })
}
