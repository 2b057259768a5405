import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { startServer } from '../../open-inference/target.ts'
import { REPOSITORY_ROOT } from '../../walls/source-files.ts'

const PYTHON = process.env['MILLRACE_TEST_PYTHON']

test('the guide: its files are served, and its requests get its answers', {
  skip: PYTHON === undefined && 'MILLRACE_TEST_PYTHON names no Python with numpy',
}, async t => {
  const text = await readFile(join(REPOSITORY_ROOT, 'docs/guides/serve-python.md'), 'utf8')
  const folder = await mkdtemp(join(tmpdir(), 'millrace-guide-'))
  t.after(() => rm(folder, { recursive: true }))
  const files = Array.from(text.matchAll(/`(models\/[\w./-]+)`:\n\n```\w+\n([^]*?)^```$/gm))
  for (const [, file = '', content = ''] of files) {
    await mkdir(dirname(join(folder, file)), { recursive: true })
    await writeFile(join(folder, file), content)
  }
  const before = process.env['MILLRACE_PYTHON']
  process.env['MILLRACE_PYTHON'] = PYTHON
  t.after(() => {
    if (before === undefined) delete process.env['MILLRACE_PYTHON']
    else process.env['MILLRACE_PYTHON'] = before
  })
  const server = await startServer({ folder: join(folder, 'models') })
  t.after(() => server.close())

  const requests = Array.from(text.matchAll(/```sh\n(curl [^]*?)\n```\n\n```json\n([^]*?)\n```/g))
  assert.deepEqual([files.length, requests.length], [2, 2])
  for (const [, command = '', answer] of requests) {
    const { stdout } = await promisify(execFile)('sh', ['-c', command.replace('localhost:8080', server.rest)])
    assert.equal(stdout, answer)
  }
})
