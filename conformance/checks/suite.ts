import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { REPOSITORY_ROOT } from '../walls/source-files.ts'
import type { Checks } from './check.ts'

/** The beginning of a test's title in TypeScript, or of its docstring in Python. */
const TITLE = /['"`]checks? (\d+(?:(?:, |–)\d+)*): /g

/**
 * Tests of a list of checks: its numbers go from 1 to `count`, each check has a test that names it in `folder` or elsewhere,
 * or is pending. What is pending appears as a skipped test.
 */
export function testChecks(checks: Checks, count: number, folder: URL): void {
  void suite('the list of checks', () => {
    void test('has every number once, and no other', () => {
      const numbers = Object.keys(checks).map(Number)
      assert.deepEqual(
        numbers,
        Array.from({ length: count }, (_, index) => index + 1),
      )
    })

    void test('every check has a test that names it, or is pending with a reason; and not both', async () => {
      const named = await namedInTitles(fileURLToPath(folder))
      const forgotten: string[] = []
      for (const [key, { says, pending, alsoIn = [] }] of Object.entries(checks)) {
        const isShown = named.has(Number(key)) || alsoIn.length > 0
        if (pending === undefined && !isShown) forgotten.push(`${key} (${says}) has no test`)
        if (pending !== undefined && isShown) forgotten.push(`${key} (${says}) is pending, and has a test`)
      }
      for (const [number, files] of named) {
        if (checks[number] === undefined) forgotten.push(`${files.join(', ')}: there is no check ${number}`)
      }
      assert.deepEqual(forgotten, [])
    })

    void test('tests elsewhere are where the list says', async () => {
      for (const { alsoIn = [] } of Object.values(checks)) {
        for (const [file, title] of alsoIn) {
          const text = await readFile(join(REPOSITORY_ROOT, file), 'utf8')
          assert.ok(text.includes(`'${title}'`), `${file} has no test '${title}'`)
        }
      }
    })
  })

  void suite('checks that nothing shows yet', () => {
    for (const [number, { says, pending }] of Object.entries(checks)) {
      if (pending !== undefined) void test(`${number}: ${says}`, { skip: pending }, () => {})
    }
  })
}

/** Numbers of the checks that titles in the folder name, with the files that do. */
async function namedInTitles(folder: string): Promise<ReadonlyMap<number, readonly string[]>> {
  const found = new Map<number, string[]>()
  for (const entry of await readdir(folder, { recursive: true })) {
    const isTest = /(?:^|\/)(?:[\w-]+\.test\.ts|test_\w+\.py)$/.test(entry) && !entry.startsWith('.venv')
    if (!isTest || entry === 'checks.test.ts') continue
    const text = await readFile(join(folder, entry), 'utf8')
    for (const [, numbers = ''] of text.matchAll(TITLE)) {
      for (const part of numbers.split(', ')) {
        const [first = 0, last = first] = part.split('–').map(Number)
        for (let number = first; number <= last; number++) {
          found.set(number, [...(found.get(number) ?? []), entry])
        }
      }
    }
  }
  return found
}
