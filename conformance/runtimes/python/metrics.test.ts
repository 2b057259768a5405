import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startServer } from '../../open-inference/target.ts'

const PYTHON = process.env['MILLRACE_TEST_PYTHON']

test('what a class measures is exposed as a histogram of its model', {
  skip: PYTHON === undefined && 'MILLRACE_TEST_PYTHON names no Python with numpy',
}, async t => {
  const before = process.env['MILLRACE_PYTHON']
  process.env['MILLRACE_PYTHON'] = PYTHON
  t.after(() => {
    if (before === undefined) delete process.env['MILLRACE_PYTHON']
    else process.env['MILLRACE_PYTHON'] = before
  })
  const target = await startServer({
    folder: fileURLToPath(new URL('./repository/measured', import.meta.url)),
  })
  const { server, rest } = target
  t.after(() => target.close())
  for (const rows of [2, 3]) {
    const inputs = [
      { name: 'x', datatype: 'INT32', shape: [rows], data: Array.from({ length: rows }, () => 1) },
    ]
    const response = await fetch(`${rest}/v2/models/measured/infer`, {
      method: 'POST',
      body: JSON.stringify({ inputs }),
    })
    assert.equal(response.status, 200)
  }
  const metrics = await (await fetch(`http://127.0.0.1:${server.metrics!.port}/metrics`)).text()
  assert.match(metrics, /^# HELP own_rows Rows that were asked about$/m)
  assert.match(metrics, /^# TYPE own_rows histogram$/m)
  assert.match(metrics, /^own_rows_sum\{.*model_name="measured".*\} 5$/m)
  assert.match(metrics, /^own_rows_count\{.*model_name="measured".*\} 2$/m)
})
