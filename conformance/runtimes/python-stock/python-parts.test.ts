import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { REPOSITORY_ROOT } from '../../walls/source-files.ts'
import { PYTHON } from './model-server.ts'

const SOURCES = join(REPOSITORY_ROOT, 'runtimes/python/python')

for (const [module, count] of [
  ['test_func_main', 13],
  ['test_stock', 6],
] as const) {
  test(`${module}.py passes`, async () => {
    const env = { ...process.env, PYTHONPATH: `${SOURCES}:${SOURCES}/mlserver_shim` }
    const cwd = fileURLToPath(new URL('.', import.meta.url))
    const { stderr } = await promisify(execFile)(PYTHON, ['-B', '-m', 'unittest', module], { cwd, env })
    assert.match(stderr, new RegExp(`^Ran ${count} tests`, 'm'))
  })
}
