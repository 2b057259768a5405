import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { ownEnvironment } from '../hydrosphere/bed/up-process.ts'
import { REPOSITORY_ROOT } from '../walls/source-files.ts'
import { startServerProcess } from './bed/server-process.ts'

const run = promisify(execFile)

const guide = await readFile(join(REPOSITORY_ROOT, 'docs/guides/modelmesh.md'), 'utf8')

/** The shell block that has this in it. */
function block(text: string): string {
  const found = [...guide.matchAll(/^```sh\n([^]*?)^```$/gm)].find(([, code]) => code!.includes(text))
  assert.ok(found, `the guide has no block with ${text}`)
  return found[1]!
}

test("who does by hand what the adapter does gets the model's answer, as the guide says", async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-guide-'))
  for (const [, path, , text] of guide.matchAll(/`(models\/[\w./-]+)`:\n\n```(\w+)\n([^]*?)^```$/gm)) {
    await mkdir(dirname(join(folder, path!)), { recursive: true })
    await writeFile(join(folder, path!), text!)
  }
  await symlink(join(REPOSITORY_ROOT, 'node_modules'), join(folder, 'node_modules'))
  await writeFile(join(folder, 'package.json'), '{"type": "module"}')
  const inFolder = async (code: string) => (await run('sh', ['-ec', code], { cwd: folder })).stdout
  await inFolder(block('ln -s'))

  // The variables that stand there are those that the bed sets, but for ports, and for the class.
  const command = block('npx millrace serve\n')
  const variables = [...command.matchAll(/(MLSERVER_\w+)=(?:"([^"]*)"|(\S+))/g)].map(
    ([, name, quoted, plain]) => [name!, (quoted ?? plain!).replace('$PWD', folder)] as const,
  )
  const { MLSERVER_MODELS_DIR, MLSERVER_GRPC_PORT, MLSERVER_HTTP_PORT, ...environment } =
    Object.fromEntries(variables)
  assert.deepEqual([MLSERVER_MODELS_DIR, MLSERVER_GRPC_PORT, MLSERVER_HTTP_PORT], ['mesh', '8001', '8002'])
  const server = await startServerProcess({ modelsFolder: join(folder, 'mesh'), environment })
  try {
    const printed = await inFolder(block('SERVER=').replace('http://127.0.0.1:8002', server.rest))
    assert.equal(
      printed,
      '[]{"model_name":"linear__isvc-0a1b2c3d4e","id":"1","outputs":[{"name":"score","shape":[1],"datatype":"FP32","data":[8]}]}',
    )
  } finally {
    await server.stop()
    await rm(folder, { recursive: true })
  }
})

test('the command that writes the resource sets the variables that the guide explains', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-guide-'))
  try {
    await mkdir(join(folder, 'models/linear'), { recursive: true })
    const settings = '{ "name": "linear", "implementation": "./model.ts:Linear" }'
    assert.ok(guide.includes(settings))
    await writeFile(join(folder, 'models/linear/model-settings.json'), settings)
    const main = join(REPOSITORY_ROOT, 'packages/platform/cli/main.ts')
    const code = block('manifest serving-runtime').replace(
      'npx millrace',
      `"${process.execPath}" --conditions=millrace-source "${main}"`,
    )
    const { stdout } = await run('sh', ['-ec', code], { cwd: folder, env: ownEnvironment() })
    const written = [...stdout.matchAll(/- name: (MLSERVER_\w+)\n\s+value: "?([^"\n]+)/g)].map(
      ([, name, value]) => [name!, value!] as const,
    )
    assert.ok(written.length > 6)
    const table = guide.slice(guide.indexOf('| Variable |'), guide.indexOf('## The resource'))
    for (const [name, value] of written) {
      assert.match(table, new RegExp(`\`${name}\`.*\`${value}\``), `${name}=${value}`)
    }
  } finally {
    await rm(folder, { recursive: true })
  }
})
