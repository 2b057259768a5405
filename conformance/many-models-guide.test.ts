import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { startServerProcess } from './modelmesh/bed/server-process.ts'
import { REPOSITORY_ROOT } from './walls/source-files.ts'

const run = promisify(execFile)

test('the guide to many models does what it says', async t => {
  const text = await readFile(join(REPOSITORY_ROOT, 'docs/guides/many-models.md'), 'utf8')
  const folder = await mkdtemp(join(tmpdir(), 'millrace-guide-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  await symlink(join(REPOSITORY_ROOT, 'node_modules'), join(folder, 'node_modules'))
  await writeFile(join(folder, 'package.json'), '{"type": "module"}')
  const files = [...text.matchAll(/`([\w./-]+)`:\n\n```\w+\n([^]*?)^```$/gm)]
  assert.equal(files.length, 3)
  for (const [, path, content] of files) {
    await mkdir(dirname(join(folder, path!)), { recursive: true })
    await writeFile(join(folder, path!), content!)
  }
  const variables = [...text.matchAll(/^export (\w+)="?([^"\n]+)"?$/gm)].map(
    ([, name, value]) => [name!, value!.replace('$PWD', folder)] as const,
  )
  assert.equal(variables.length, 4)
  const environment = {
    ...Object.fromEntries(variables),
    MILLRACE_MODEL_MESH_DATA_FOLDER: join(folder, 'register'),
    // The bed's are those of a server behind an adapter.
    MLSERVER_LOAD_MODELS_AT_STARTUP: 'true',
    MLSERVER_MODEL_NAME: '',
  }
  const server = await startServerProcess({ modelsFolder: join(folder, 'models'), environment })
  t.after(() => server.kill())

  const requests = [...text.matchAll(/^```sh\n(curl [^]*?)^```$\n\n```json\n([^]*?)^```$/gm)]
  assert.equal(requests.length, 6)
  for (const [, command, answer] of requests) {
    const { stdout } = await run('sh', ['-c', command!.replace('http://127.0.0.1:8080', server.rest)])
    assert.equal(stdout.trim(), answer!.trim(), command)
  }
  assert.doesNotMatch(server.printed(), /ERROR/)
})
