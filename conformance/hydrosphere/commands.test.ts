import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, suite, test } from 'node:test'
import { type ApplicationView, SCALE_CODE, type VersionView } from './bed/manager-calls.ts'
import { runMillrace } from './bed/run-command.ts'
import { startBed } from './bed/up-bed.ts'

const bed = await startBed()
const folder = await mkdtemp(join(tmpdir(), 'millrace-apply-'))
after(async () => {
  await bed.close()
  await rm(folder, { recursive: true })
})

/** A model as the original's documentation writes one, in both of its spellings. */
const MODEL = `kind: Model
name: scaler
runtime: hydrosphere/serving-runtime-python-3.7:3.0.3
payload:
  - src/
  - requirements.txt
install-command: "test -f requirements.txt && echo installed"
contract:
  name: scale
  inputs:
    xs: {shape: [-1, 2], type: float64, profile: Numerical}
  outputs:
    total: {shape: scalar, type: double, profile: numerical}
metadata: {team: pricing, level: 3, isGood: true}
monitoring_configuration: {batch_size: 50}
`
const METRIC = `kind: Model
name: watched
runtime: hydrosphere/serving-runtime-python-3.7:3.0.3
payload: [src/]
contract:
  name: scale
  inputs:
    xs: {shape: [-1, 2], type: float64, profile: numerical}
  outputs:
    total: {shape: [], type: float64}
monitoring:
  - name: outlier
    config: {monitoring-model: "scaler:1", threshold: 0.97, operator: Less}
`
const APPLICATION = `kind: Application
name: scaler-app
singular:
  model: scaler:1
`
const CONFIGURATION = `kind: DeploymentConfiguration
name: big
deployment: {replicaCount: 2}
`

await mkdir(join(folder, 'src'), { recursive: true })
const files = {
  'model.yaml': MODEL,
  'metric.yaml': METRIC,
  'application.yaml': APPLICATION,
  'requirements.txt': '',
  'src/func_main.mjs': SCALE_CODE,
}
for (const [path, text] of Object.entries(files)) await writeFile(join(folder, path), text)

const millrace = (args: readonly string[], input = '') =>
  runMillrace([...args, '--server', bed.up.url], { cwd: folder, input })

suite('millrace apply', { concurrency: 1 }, () => {
  test("checks 76, 78, 79, 80, 83: a model of the original's form is built, its log shown", async () => {
    const { exitCode, stdout, stderr } = await millrace(['apply', '-f', 'model.yaml'])
    assert.equal(exitCode, 0, stderr)
    assert.match(stdout, /installed/)
    assert.match(stdout, /scaler:1 released/)
    const version = await bed.ok<VersionView>('GET', '/api/v2/model/version/scaler/1')
    assert.partialDeepStrictEqual(version['metadata'], { team: 'pricing', level: '3', isGood: 'true' })
    assert.deepEqual(version['monitoringConfiguration'], { batchSize: 50 })
    assert.deepEqual(version['modelSignature'], {
      signatureName: 'scale',
      inputs: [{ name: 'xs', dtype: 'DT_DOUBLE', shape: { dims: [-1, 2] }, profile: 'NUMERICAL' }],
      outputs: [{ name: 'total', dtype: 'DT_DOUBLE', shape: { dims: [] }, profile: 'NUMERICAL' }],
    })
  })

  test('check 83: a build that fails fails the command', async () => {
    await writeFile(
      join(folder, 'failing.yaml'),
      MODEL.replace(/^install-command.*$/m, 'install-command: "echo no; exit 3"'),
    )
    const { exitCode, stdout, stderr } = await millrace(['apply', '-f', 'failing.yaml'])
    assert.notEqual(exitCode, 0)
    assert.match(stdout, /no/)
    assert.match(stderr, /scaler:2/)
  })

  test('check 83: metrics of a model are created', async () => {
    const { exitCode, stderr } = await millrace(['apply', '-f', 'metric.yaml'])
    assert.equal(exitCode, 0, stderr)
    const { id } = await bed.ok<VersionView>('GET', '/api/v2/model/version/watched/1')
    const specs = await bed.ok<object[]>('GET', `/api/v2/monitoring/metricspec/modelversion/${id}`)
    assert.partialDeepStrictEqual(specs, [
      { name: 'outlier', config: { threshold: 0.97, thresholdCmpOperator: { kind: 'Less' } } },
    ])
  })

  test('check 83: training data of a model is handed over and processed', async () => {
    await writeFile(join(folder, 'train.csv'), 'xs_0,xs_1\n1,2\n3,4\n')
    const trained = `${MODEL.replace('scaler', 'trained')}\ntraining-data: train.csv\n`
    await writeFile(join(folder, 'trained.yaml'), trained)
    const { exitCode, stdout, stderr } = await millrace(['apply', '-f', 'trained.yaml'])
    assert.equal(exitCode, 0, stderr)
    assert.match(stdout, /training data of trained:1 handed over\n.*processed: 2 rows/)
    const { id } = await bed.ok<VersionView>('GET', '/api/v2/model/version/trained/1')
    assert.deepEqual(await bed.ok('GET', `/monitoring/fields/${id}`), ['xs_0', 'xs_1'])
  })

  test('checks 82, 84: standard input, several documents and a repeated -f; an application is changed in place', async () => {
    const first = await millrace(['apply', '-f', '-', '-f', 'application.yaml'], CONFIGURATION)
    assert.equal(first.exitCode, 0, first.stderr)
    assert.partialDeepStrictEqual(await bed.ok('GET', '/api/v2/deployment_configuration/big'), {
      deployment: { replicaCount: 2 },
    })
    const before = await bed.ok<ApplicationView>('GET', '/api/v2/application/scaler-app')
    assert.equal(before.status, 'Ready')
    const both = `${APPLICATION}metadata: {owner: ann}\n---\n${APPLICATION.replace('scaler-app', 'second-app')}`
    const second = await millrace(['apply', '-f', '-'], both)
    assert.equal(second.exitCode, 0, second.stderr)
    assert.ok(second.stdout.indexOf('scaler-app') < second.stdout.indexOf('second-app'))
    const changed = await bed.ok<ApplicationView>('GET', '/api/v2/application/scaler-app')
    assert.equal(changed.id, before.id)
    assert.partialDeepStrictEqual(changed['metadata'], { owner: 'ann' })
  })

  test('check 82: a folder is applied', async () => {
    const path = join(folder, 'all/nested.yaml')
    await mkdir(dirname(path))
    await writeFile(path, CONFIGURATION.replace('big', 'of-folder'))
    const { exitCode, stderr } = await millrace(['apply', '-f', 'all'])
    assert.equal(exitCode, 0, stderr)
    await bed.ok('GET', '/api/v2/deployment_configuration/of-folder')
  })

  test('check 84: an application that cannot start fails the command with its message', async () => {
    await mkdir(join(folder, 'broken/src'), { recursive: true })
    await writeFile(join(folder, 'broken/requirements.txt'), '')
    await writeFile(join(folder, 'broken/model.yaml'), MODEL.replace('name: scaler', 'name: broken'))
    await writeFile(join(folder, 'broken/src/func_main.mjs'), 'throw new Error("no weights here")\n')
    assert.equal((await millrace(['apply', '-f', 'broken/model.yaml'])).exitCode, 0)
    const application = APPLICATION.replace('scaler-app', 'broken-app').replace('scaler:1', 'broken:1')
    const { exitCode, stderr } = await millrace(['apply', '-f', '-'], application)
    assert.notEqual(exitCode, 0)
    assert.match(stderr, /no weights here/)
  })

  test('checks 76, 77, 78, 79, 80, 81: mistakes are told with their place before anything is sent', async () => {
    const mistakes: readonly (readonly [text: string, pattern: RegExp])[] = [
      ['name: a\n', /kind/],
      ['kind: Modell\nname: a\n', /Modell/],
      [MODEL.replace('[-1, 2]', '[2, -1]'), /-1/],
      [MODEL.replace('float64', 'decimal'), /decimal/],
      [MODEL.replace('Numerical', 'weighty'), /weighty/],
      [MODEL.replace('team: pricing', 'team: {a: b}'), /team/],
      ['kind: Application\nname: a\n', /singular|pipeline/],
      [`${APPLICATION}pipeline: []\n`, /singular|pipeline/],
      [APPLICATION.replace('scaler:1', 'scaler'), /scaler/],
      [
        'kind: Application\nname: a\npipeline:\n  - - {model: "scaler:1"}\n    - {model: "scaler:1"}\n',
        /200|100/,
      ],
    ]
    const names = mistakes.map((_, index) => `mistake-${index}.yaml`)
    for (const [index, [text]] of mistakes.entries()) await writeFile(join(folder, names[index]!), text)
    const nowhere = ['--server', 'http://127.0.0.1:1']
    const flags = names.flatMap(name => ['-f', name])
    const { exitCode, stderr } = await runMillrace(['apply', ...flags, ...nowhere], { cwd: folder })
    assert.notEqual(exitCode, 0)
    for (const [index, [, pattern]] of mistakes.entries()) {
      // A place, and not a refused connection.
      const line = new RegExp(`^.*${names[index]}[:, ].*\\d.*$`, 'm').exec(stderr)?.[0] ?? ''
      assert.match(line, pattern, stderr)
    }
  })
})

suite('other commands', { concurrency: 1 }, () => {
  test('check 85: clusters are added and chosen; --cluster goes before the current one', async () => {
    const home = join(folder, 'home')
    await mkdir(home)
    const run = (...args: string[]) => runMillrace(args, { cwd: folder, environment: { HOME: home } })
    assert.equal((await run('cluster', 'add', '--name', 'here', '--server', bed.up.url)).exitCode, 0)
    assert.equal(
      (await run('cluster', 'add', '--name', 'away', '--server', 'http://127.0.0.1:1')).exitCode,
      0,
    )
    assert.equal((await run('cluster', 'use', 'away')).exitCode, 0)
    const kept = await readFile(join(home, '.hs/config.yaml'), 'utf8')
    assert.match(kept, /current_cluster: away/)
    assert.match(kept, /name: here\n +cluster:\n +server: /)
    const chosen = await run('get', 'models', '--cluster', 'here')
    assert.equal(chosen.exitCode, 0, chosen.stderr)
    assert.match(chosen.stdout, /scaler/)
  })

  test('predict asks an application', async () => {
    const { exitCode, stdout, stderr } = await millrace([
      'predict',
      'scaler-app',
      '--data',
      '{"xs": [[1.5, 2]]}',
    ])
    assert.equal(exitCode, 0, stderr)
    assert.deepEqual(JSON.parse(stdout), { total: 3.5 })
  })
})
