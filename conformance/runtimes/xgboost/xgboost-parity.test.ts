import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { checkCase, readCases } from './case-answers.ts'

const script = fileURLToPath(new URL('train-models.py', import.meta.url))
const python = process.env['MILLRACE_TEST_PYTHON'] ?? 'python3'
const seed = process.env['MILLRACE_TEST_SEED'] ?? String(Math.floor(Math.random() * 1e6))

test('models with settings drawn at random answer as in XGBoost', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'xgboost-parity-'))
  t.after(() => rm(folder, { recursive: true }))
  t.diagnostic(`MILLRACE_TEST_SEED=${seed}`)
  const { stdout } = await promisify(execFile)(python, [script, folder, '--count', '60', '--seed', seed])
  if (stdout !== '') t.diagnostic(stdout.trim())
  const { cases, rows } = await readCases(folder)
  assert.equal(cases.length, 60)
  for (const trained of cases) {
    const { objective, booster } = trained.described
    await t.test(`${trained.number}: ${String(objective)}, ${String(booster)}, seed ${seed}`, () =>
      checkCase(folder, rows, trained),
    )
  }
})
