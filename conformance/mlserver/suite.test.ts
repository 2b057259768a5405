import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import type { Row } from './report.ts'
import { CHECKS } from './suite.ts'

/** How many entries each of the two lists has that the checks are about. */
const LISTS = { mlserver: [24, 50], 'open-inference': [18, 27] } as const

test('no two checks have one id', () => {
  assert.equal(new Set(CHECKS.map(({ id }) => id)).size, CHECKS.length)
})

for (const [list, [section, entries]] of Object.entries(LISTS)) {
  test(`every entry of ${list} §${section} has a check`, () => {
    const covered = new Set(
      CHECKS.flatMap(({ reference }) => reference.split(';'))
        .filter(part => part.trim().startsWith(list))
        .flatMap(part =>
          [...part.matchAll(new RegExp(`§${section}\\.(\\d+)`, 'g'))].map(([, entry]) => Number(entry)),
        ),
    )
    const missing = Array.from({ length: entries }, (_, index) => index + 1).filter(
      entry => !covered.has(entry),
    )
    assert.deepEqual(missing, [])
  })
}

test('the results that are kept are about these checks', async () => {
  const text = await readFile(new URL('./results.json', import.meta.url), 'utf8')
  const { rows } = JSON.parse(text) as { rows: readonly Row[] }
  assert.deepEqual(
    rows.map(({ id, title }) => [id, title]),
    CHECKS.map(({ id, title }) => [id, title]),
  )
  assert.deepEqual(
    rows
      .filter(({ millrace, mlserver }) => millrace === undefined || mlserver === undefined)
      .map(({ id }) => id),
    [],
  )
})
