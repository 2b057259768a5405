import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { createHydrosphereClient } from '@millrace/sdk/client'
import { EXIT } from './exit-codes.ts'
import { FREE_PORTS, runCommand, startCommand, testFolder } from './test-command.ts'

const model = (name: string) => ({
  [`models/${name}/model.yaml`]: `kind: Model
name: ${name}
runtime: millrace/runtime:latest
payload: [src/]
contract:
  name: same
  inputs:
    x: { shape: scalar, type: double, profile: numerical }
  outputs:
    x: { shape: scalar, type: double, profile: numerical }
`,
  [`models/${name}/src/func_main.mjs`]: 'export const same = ({ x }) => ({ x })\n',
})

interface ServableView {
  readonly fullName: string
  readonly modelVersionId: number
  readonly status: string
  readonly statusMessage: string | null
}

interface ApplicationView {
  readonly id: number
  readonly name: string
  readonly status: string
}

async function up(t: TestContext, folder: string, flags: readonly string[]) {
  const args = ['up', '--data', join(folder, 'data'), ...FREE_PORTS, '--apply', join(folder, 'models')]
  const command = startCommand(t, [...args, ...flags])
  await command.printed(/Ctrl\+C stops it/)
  const [, url = ''] = /REST +(http:\S+)/.exec(command.stdout) ?? []
  const [, grpc = ''] = /gRPC +(\S+)/.exec(command.stdout) ?? []
  const [, metrics = ''] = /metrics +(http:\S+)/.exec(command.stdout) ?? []
  const get = async <T>(path: string) => (await (await fetch(`${url}${path}`)).json()) as T
  return {
    command,
    url,
    grpc,
    servables: () => get<ServableView[]>('/api/v2/servable'),
    applications: () => get<ApplicationView[]>('/api/v2/application'),
    async send(method: string, path: string, body: object) {
      const headers = { 'content-type': 'application/json' }
      const response = await fetch(`${url}${path}`, { method, headers, body: JSON.stringify(body) })
      return { status: response.status, body: await readBody(response) }
    },
    async figure(name: string) {
      const text = await (await fetch(metrics)).text()
      return Number(new RegExp(`^millrace_servable_memory_${name} (\\S+)$`, 'm').exec(text)?.[1])
    },
  }
}

const readBody = (response: Response): Promise<unknown> => response.json()

const asleepAgain = /a servable sleeps servable=(\S+) because=idle/

test('servables sleep and are woken by every door, also after the platform was killed', async t => {
  const folder = await testFolder(t, {
    ...model('one'),
    ...model('two'),
    'models/application.yaml': 'kind: Application\nname: app\nsingular:\n  model: one:1\n',
  })
  const first = await up(t, folder, ['--memory-budget', '4Gi', '--idle-after', '0.5'])
  assert.match(first.command.stdout, /application app ready/)
  const [, name = ''] = await first.command.printed(asleepAgain)
  const [sleeping] = await first.servables()
  assert.deepEqual(
    [sleeping?.fullName, sleeping?.status, sleeping?.statusMessage],
    [name, 'Serving', 'asleep; started by the next request'],
  )
  assert.equal((await first.applications())[0]?.status, 'Ready')
  assert.deepEqual(await first.send('POST', '/gateway/application/app', { x: 3 }), {
    status: 200,
    body: { x: 3 },
  })
  first.command.child.kill('SIGKILL')
  await first.command.ended

  // What was awake sleeps now, and nothing else is different.
  const second = await up(t, folder, ['--memory-budget', '4Gi', '--idle-after', '0.5'])
  const asked = await Promise.all(
    Array.from({ length: 20 }, (_, x) => second.send('POST', `/gateway/servable/${name}`, { x })),
  )
  assert.deepEqual(
    asked.map(({ body }) => body),
    Array.from({ length: 20 }, (_, x) => ({ x })),
  )
  assert.equal((await second.figure('awake')) + (await second.figure('asleep')), 1)
  const client = createHydrosphereClient({ target: second.grpc, generation: 'G2' })
  t.after(() => client.close())
  const inputs = [{ name: 'x', datatype: 'FP64', shape: [], data: Float64Array.of(4) }] as const
  const { outputs } = await client.predict({ modelName: 'app', inputs })
  assert.deepEqual(Array.from(outputs[0]!.data as Float64Array), [4])
  const v2 = { inputs: [{ name: 'x', datatype: 'FP64', shape: [], data: [5] }] }
  const answer = await second.send('POST', `/v2/models/${name}/infer`, v2)
  assert.equal(answer.status, 200, JSON.stringify(answer.body))

  // An update takes the place of one that sleeps.
  const [application] = await second.applications()
  const versions = (await (await fetch(`${second.url}/api/v2/model/version`)).json()) as {
    id: number
    model: { name: string }
  }[]
  const other = versions.find(version => version.model.name === 'two')!
  const changed = await second.send('PUT', '/api/v2/application', {
    id: application!.id,
    name: 'app',
    executionGraph: { stages: [{ modelVariants: [{ modelVersionId: other.id, weight: 100 }] }] },
  })
  assert.equal(changed.status, 200, JSON.stringify(changed.body))
  await second.command.printed(new RegExp(`a servable is awake servable=two-1-`))
  assert.deepEqual((await second.send('POST', '/gateway/application/app', { x: 6 })).body, { x: 6 })
  second.command.child.kill('SIGTERM')
  assert.equal(await second.command.ended, 0)
})

test('an idle time needs a budget, and a budget is bytes', async t => {
  const alone = await runCommand(t, ['up', '--idle-after', '5'])
  assert.deepEqual(
    [alone.exitCode, /--idle-after needs --memory-budget/.test(alone.stderr)],
    [EXIT.configuration, true],
  )
  for (const text of ['much', '1Ki', '-4']) {
    const { exitCode, stderr } = await runCommand(t, ['up', `--memory-budget=${text}`])
    assert.equal(exitCode, EXIT.usage)
    assert.match(
      stderr,
      /memory-budget.*It must be bytes, such as 8000000000, 8G or 8Gi, and at least 1048576/,
    )
  }
  const { exitCode, stderr } = await runCommand(t, ['up'], { env: { MILLRACE_MEMORY_BUDGET: 'x' } })
  assert.equal(exitCode, EXIT.usage)
  assert.match(stderr, /MILLRACE_MEMORY_BUDGET/)
})
