import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { crashRounds } from './crash-suite-fixture.ts'

async function inTemporaryFile(run: (file: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-crash-'))
  try {
    await run(join(folder, 'millrace.db'))
  } finally {
    await rm(folder, { recursive: true })
  }
}

test('SQLite: what was acknowledged survives kill -9, and nothing is half made', () =>
  inTemporaryFile(file => crashRounds({ file }, 4)))

test('SQLite: two processes that open a new file at once wait for each other', () =>
  inTemporaryFile(file => crashRounds({ file }, 1, 2)))
