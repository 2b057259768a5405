import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createGrpcClient, createHydrosphereClient } from '@millrace/sdk/client'
import { EXIT } from './exit-codes.ts'
import { FREE_PORTS, runCommand, startCommand, type TestCommand, testFolder } from './test-command.ts'

const SAMPLES = fileURLToPath(new URL('../../../examples/start', import.meta.url))
const FLOWERS = {
  measurements: [
    [5.1, 3.5, 1.4, 0.2],
    [6.1, 3, 5.4, 2.2],
  ],
}

interface Up {
  readonly command: TestCommand
  readonly url: string
  readonly grpc: string
}

async function up(t: TestContext, data: string): Promise<Up> {
  const command = startCommand(t, ['up', '--data', data, ...FREE_PORTS, '--apply', SAMPLES])
  await command.printed(/Ctrl\+C stops it/)
  const [, url = ''] = /REST +(http:\S+)/.exec(command.stdout) ?? []
  const [, grpc = ''] = /gRPC +(\S+)/.exec(command.stdout) ?? []
  return { command, url, grpc }
}

async function json(url: string, body?: object): Promise<{ status: number; body: unknown }> {
  const response = await fetch(url, {
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    headers: { 'content-type': 'application/json' },
  })
  return { status: response.status, body: await response.json() }
}

async function stop({ command }: Up, signal: NodeJS.Signals = 'SIGTERM'): Promise<number | string> {
  command.child.kill(signal)
  return command.ended
}

/** Processes whose arguments name the folder. */
async function processesOf(folder: string): Promise<string[]> {
  const { stdout } = await import('node:child_process').then(({ spawnSync }) =>
    spawnSync('pgrep', ['-f', folder], { encoding: 'utf8' }),
  )
  return stdout.split('\n').filter(line => line !== '')
}

test('the first start applies samples and makes a prediction, and every door answers for the application', async t => {
  const folder = await testFolder(t)
  const data = join(folder, 'data')
  const first = await up(t, data)
  assert.match(first.command.stdout, /application iris-species ready/)
  const [, line = ''] = /^(curl .*)$/m.exec(first.command.stdout) ?? []
  assert.match(line, /\/gateway\/application\/iris-species /)
  assert.match(first.command.stdout, /^\{"species":\["\w+"\]\}$/m)

  const answer = { status: 200, body: { species: ['setosa', 'virginica'] } }
  assert.deepEqual(await json(`${first.url}/gateway/application/iris-species`, FLOWERS), answer)

  const data32 = Float32Array.from(FLOWERS.measurements.flat())
  const inputs = [{ name: 'measurements', datatype: 'FP32', shape: [2, 4], data: data32 }] as const
  const v2 = createGrpcClient({ target: first.grpc })
  t.after(() => v2.close())
  const hydrosphere = createHydrosphereClient({ target: first.grpc, generation: 'G2' })
  t.after(() => hydrosphere.close())
  for (const client of [v2.infer, hydrosphere.predict]) {
    const { outputs } = await client({ modelName: 'iris-species', inputs })
    const elements: Iterable<unknown> = outputs[0]!.data
    const texts = Array.from(elements, bytes => Buffer.from(bytes as Uint8Array).toString())
    assert.deepEqual(texts, ['setosa', 'virginica'])
  }
  const [application] = (await json(`${first.url}/api/v2/application`)).body as { id: number }[]

  const other = await runCommand(t, ['up', '--data', data, ...FREE_PORTS])
  assert.equal(other.exitCode, EXIT.configuration)
  assert.match(
    other.stderr,
    /is in use by the process \d+; stop that one, or name another folder with --data/,
  )

  // Killed, it leaves no process, and what it knew is there again.
  await stop(first, 'SIGKILL')
  const second = await up(t, data)
  assert.doesNotMatch(second.command.stdout, /released/)
  assert.deepEqual(await json(`${second.url}/gateway/application/iris-species`, FLOWERS), answer)
  const [again] = (await json(`${second.url}/api/v2/application`)).body as { id: number }[]
  assert.equal(again?.id, application?.id)

  assert.equal(await stop(second), 0)
  assert.deepEqual(await processesOf(data), [])
  await assert.rejects(readFile(join(data, 'lock')), { code: 'ENOENT' })
})

test('where callers have to say who they are, the first start is known all the same', async t => {
  const folder = await testFolder(t, {
    'keys.json': JSON.stringify({
      keys: [{ name: 'ci', key: 'key-of-the-test-0123456789', scopes: ['admin'] }],
    }),
    'models/echo/model.yaml': ECHO_MODEL,
    'models/echo/src/func_main.mjs': 'export const same = ({ x }) => ({ x })\n',
    'models/application.yaml': 'kind: Application\nname: echo\nsingular:\n  model: echo:1\n',
  })
  const security = JSON.stringify({ api_keys_file: join(folder, 'keys.json') })
  const args = ['up', '--data', join(folder, 'data'), ...FREE_PORTS, '--apply', join(folder, 'models')]
  const command = startCommand(t, args, { env: { MILLRACE_SECURITY: security } })
  await command.printed(/Ctrl\+C stops it/)
  assert.match(command.stdout, /application echo ready/)
  assert.match(command.stdout, /^\{"x":\d+\}$/m)
  const [, url = ''] = /REST +(http:\S+)/.exec(command.stdout) ?? []
  for (const [headers, expected] of [
    [{}, 401],
    [{ 'x-api-key': 'key-of-another-0123456789' }, 401],
    [{ 'x-api-key': 'key-of-the-test-0123456789' }, 200],
  ] as const) {
    const response = await fetch(`${url}/api/v2/model`, { headers })
    await response.arrayBuffer()
    assert.equal(response.status, expected)
  }
})

const ECHO_MODEL = `kind: Model
name: echo
runtime: millrace/runtime:latest
payload: [src/]
contract:
  name: same
  inputs:
    x: { shape: scalar, type: double, profile: numerical }
  outputs:
    x: { shape: scalar, type: double, profile: numerical }
`
