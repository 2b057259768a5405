import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { EXIT } from '../exit-codes.ts'
import { runCommand, startCommand, testFolder } from '../test-command.ts'
import { startManager } from './manager-fixture.ts'

const RESOURCES = `kind: Model
name: scaler
runtime: millrace/runtime:1
contract:
  name: scale
  inputs:
    xs: {shape: [-1, 2], type: float64, profile: numerical}
  outputs:
    total: {type: float64}
---
kind: Application
name: scaler-app
singular: {model: scaler:1}
`

async function setUp(t: TestContext) {
  const [manager, folder] = await Promise.all([startManager(t), testFolder(t, { 'all.yaml': RESOURCES })])
  const options = { cwd: folder, env: { MILLRACE_SERVER: manager.url, HOME: folder } }
  const run = (...args: readonly string[]) => runCommand(t, args, options)
  const { exitCode, stderr } = await run('apply', '-f', 'all.yaml')
  assert.equal(exitCode, EXIT.ok, stderr)
  return { manager, folder, run, options }
}

test('get shows tables, and JSON for programs', async t => {
  const { run } = await setUp(t)
  const tables: readonly [args: readonly string[], text: RegExp][] = [
    [['models'], /^NAME +ID +VERSIONS +LATEST +STATUS\nscaler +2 +1 +1 +Released\n$/],
    [
      ['version'],
      /^NAME .*\nscaler:1 +1 +Released +millrace\/runtime:1 +2021-11-12T10:15:30Z +scaler-app\n$/,
    ],
    [['versions', 'scaler'], /\nscaler:1 /],
    [['versions', 'scaler:1'], /\nscaler:1 /],
    [['apps'], /\nscaler-app +Ready +scaler:1\n$/],
    [['application', 'scaler-app'], /\nscaler-app +Ready/],
    [['servables'], /\nscaler-1-quiet-river +Serving +scaler:1 +hydrosphere_manager_default\n$/],
    [['deployment_configuration'], /\nhydrosphere_manager_default +-/],
    [['runtimes'], /\nacme\/echo:1\.0 +7 +python:3\.6 +demo\n$/],
  ]
  for (const [args, text] of tables) {
    const { exitCode, stdout, stderr } = await run('get', ...args)
    assert.deepEqual([exitCode, stderr], [EXIT.ok, ''], args.join(' '))
    assert.match(stdout, text)
  }
  const list = await run('get', 'versions', 'scaler', '-o', 'json')
  const [version] = JSON.parse(list.stdout) as { modelVersion: number }[]
  assert.equal(version!.modelVersion, 1)
  const one = await run('get', 'application', 'scaler-app', '-o', 'json')
  assert.equal((JSON.parse(one.stdout) as { name: string }).name, 'scaler-app')
})

test('describe shows what belongs together', async t => {
  const { run } = await setUp(t)
  const version = await run('describe', 'version', 'scaler:1')
  assert.equal(version.exitCode, EXIT.ok, version.stderr)
  assert.match(version.stdout, /^name: scaler:1\nid: 1\nstatus: Released\n/)
  assert.match(
    version.stdout,
    /\nsignature:\n {2}name: scale\n {2}inputs:\n {4}- xs: DT_DOUBLE \[-1, 2\] NUMERICAL\n/,
  )
  assert.match(version.stdout, /\n {4}- total: DT_DOUBLE any shape\n/)
  assert.match(version.stdout, /\nservables:\n {2}- scaler-1-quiet-river \(Serving\)\n/)
  const application = await run('describe', 'application', 'scaler-app')
  assert.match(
    application.stdout,
    /\nstages:\n {2}- variants:\n {6}- version: scaler:1\n {8}weight: 100 %\n {8}servable: scaler-1-quiet-river\n {8}status: Serving\n/,
  )
  const model = await run('describe', 'model', 'scaler')
  assert.match(model.stdout, /^name: scaler\nid: 2\nversions:\n {2}- version: 1\n {4}status: Released\n/)
  const servable = await run('describe', 'servable', 'scaler-1-quiet-river')
  assert.match(servable.stdout, /version: scaler:1\n/)
})

test('logs shows what is there, and follows it', async t => {
  const { run, options } = await setUp(t)
  const servable = await run('logs', 'scaler-1-quiet-river')
  assert.deepEqual([servable.exitCode, servable.stdout], [EXIT.ok, 'started\nready\n'])
  const build = await run('logs', '--build', 'scaler:1')
  assert.deepEqual([build.exitCode, build.stdout], [EXIT.ok, 'Step 1\nStep 2\n'])
  const following = startCommand(t, ['logs', 'scaler-1-quiet-river', '-f'], options)
  await following.printed(/ready/)
  following.child.kill('SIGINT')
  assert.equal(await following.ended, 'SIGINT')
})

test('predict sends what it is given and prints what comes back', async t => {
  const { run, folder, options } = await setUp(t)
  const json = '{"xs":[[1,9223372036854775807]]}'
  const direct = await run('predict', 'scaler-app', '--data', json)
  assert.deepEqual([direct.exitCode, direct.stdout], [EXIT.ok, `${json}\n`])
  const piped = await runCommand(t, ['predict', 'scaler-1-quiet-river', '--servable', '-d', '-'], {
    ...options,
    input: `${json}\n`,
  })
  assert.deepEqual([piped.exitCode, piped.stdout], [EXIT.ok, `${json}\n`])
  const file = await run('predict', 'scaler-app', '--data', `@${join(folder, 'all.yaml')}`)
  assert.equal(file.exitCode, EXIT.usage)
  assert.match(file.stderr, /all\.yaml is not JSON/)
})

test('delete takes things away, and says why not', async t => {
  const { run, manager } = await setUp(t)
  const used = await run('delete', 'model', 'scaler')
  assert.equal(used.exitCode, EXIT.request)
  assert.equal(used.stderr, "millrace: Can't delete the model. It's used in [scaler-app].\n")
  const application = await run('delete', 'application', 'scaler-app')
  assert.deepEqual([application.exitCode, application.stdout], [EXIT.ok, 'application scaler-app deleted\n'])
  const model = await run('delete', 'model', 'scaler')
  assert.deepEqual([model.exitCode, model.stdout], [EXIT.ok, 'model scaler deleted\n'])
  assert.deepEqual(manager.versions, [])
  const none = await run('get', 'models')
  assert.deepEqual([none.exitCode, none.stdout, none.stderr], [EXIT.ok, '', 'no models\n'])
})
