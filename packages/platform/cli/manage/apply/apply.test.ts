import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { Readable } from 'node:stream'
import { suite, type TestContext, test } from 'node:test'
import { t as list, type ReadEntry } from 'tar'
import { EXIT } from '../../exit-codes.ts'
import { runCommand, testFolder } from '../../test-command.ts'
import { startManager } from '../manager-fixture.ts'

const MODEL = `kind: Model
name: scaler
runtime: millrace/runtime:1
payload: [src/, requirements.txt]
install-command: pip install -r requirements.txt
contract:
  name: scale
  inputs:
    xs: {shape: [-1, 2], type: float64, profile: numerical}
  outputs:
    total: {shape: scalar, type: float64}
metadata: {team: pricing, git.commit: mine}
`
const APPLICATION = `kind: Application
name: scaler-app
pipeline:
  - - {model: scaler:1, weight: 80}
    - {model: scaler:2, weight: 20, deployment-config: big}
`
const CONFIGURATION = `kind: DeploymentConfiguration
name: big
deployment: {replicaCount: 2}
pod: {tolerations: []}
`
const FILES = {
  'model.yaml': MODEL,
  'application.yml': APPLICATION,
  'big.yaml': CONFIGURATION,
  'src/func_main.py': 'def scale(xs): ...\n',
  'requirements.txt': 'numpy\n',
}

async function setUp(t: TestContext, files: Readonly<Record<string, string>> = {}) {
  const [manager, folder] = await Promise.all([startManager(t), testFolder(t, { ...FILES, ...files })])
  return {
    manager,
    folder,
    apply: (args: readonly string[], input?: string) =>
      runCommand(t, ['apply', ...args], {
        cwd: folder,
        env: { MILLRACE_SERVER: manager.url, HOME: folder },
        ...(input === undefined ? {} : { input }),
      }),
  }
}

async function pathsIn(payload: Buffer): Promise<string[]> {
  const paths: string[] = []
  const parser = list({ strict: true, onReadEntry: (entry: ReadEntry) => void paths.push(entry.path) })
  Readable.from([payload]).pipe(parser)
  await new Promise((resolve, reject) => parser.on('end', resolve).on('error', reject))
  return paths
}

suite('a model', () => {
  test('is uploaded whole, and its build is shown until it ends', async t => {
    const { manager, apply } = await setUp(t)
    const { exitCode, stdout, stderr } = await apply(['-f', 'model.yaml'])
    assert.deepEqual([exitCode, stderr], [EXIT.ok, ''])
    assert.equal(
      stdout,
      'model scaler: 2 files, 25 bytes\nmodel version scaler:1: building\n  | Step 1\n  | Step 2\n' +
        'model version scaler:1 released\n',
    )
    const [upload] = manager.uploads
    const { metadata, ...rest } = upload!
    assert.deepEqual(rest, {
      name: 'scaler',
      runtime: { name: 'millrace/runtime', tag: '1' },
      modelSignature: {
        signatureName: 'scale',
        inputs: [{ name: 'xs', dtype: 'DT_DOUBLE', profile: 'NUMERICAL', shape: { dims: [-1, 2] } }],
        outputs: [{ name: 'total', dtype: 'DT_DOUBLE', profile: 'NONE', shape: { dims: [] } }],
      },
      installCommand: 'pip install -r requirements.txt',
    })
    const { 'millrace.cli.version': version, ...others } = metadata as Record<string, string>
    assert.match(version!, /^\d+\.\d+\.\d+/)
    assert.deepEqual(others, { team: 'pricing', 'git.commit': 'mine' })
    const [payload] = manager.payloads.values()
    assert.deepEqual(await pathsIn(payload!), ['requirements.txt', 'src/func_main.py'])
  })

  test('in a git work tree notes its commit, unless its file says something else', async t => {
    const { manager, folder, apply } = await setUp(t)
    const git = (...args: string[]) =>
      execFileSync('git', ['-C', folder, '-c', 'user.name=Ann', '-c', 'user.email=ann@example.com', ...args])
    git('init', '--quiet', '--initial-branch=trunk')
    git('add', '.')
    git('commit', '--quiet', '--no-gpg-sign', '-m', 'First')
    assert.equal((await apply(['-f', 'model.yaml'])).exitCode, EXIT.ok)
    const metadata = manager.uploads[0]!['metadata'] as Record<string, string>
    assert.equal(metadata['git.branch'], 'trunk')
    assert.equal(metadata['git.author'], 'Ann')
    assert.equal(metadata['git.message'], 'First')
    assert.equal(metadata['git.is-dirty'], 'false')
    assert.equal(metadata['git.commit'], 'mine')
  })

  test('whose build fails ends the command, and what comes after it is not applied', async t => {
    const { manager, apply } = await setUp(t)
    manager.buildLines = ['\u001b[2JFAIL: no such package']
    const { exitCode, stdout, stderr } = await apply(['-f', 'model.yaml', '-f', 'big.yaml'])
    assert.equal(exitCode, EXIT.failed)
    assert.match(stdout, /\| \[2JFAIL: no such package\n$/)
    assert.match(
      stderr,
      /^millrace: the build of scaler:1 has failed; millrace logs --build scaler:1 shows its log\n$/,
    )
    assert.ok(!manager.configurations.has('big'))
  })

  test('that the server refuses before it has read it ends with its reason', async t => {
    const { manager, apply } = await setUp(t, { 'src/big.bin': '\u{1f600}'.repeat(500_000) })
    manager.isUploadRefused = true
    const { exitCode, stderr } = await apply(['-f', 'model.yaml'])
    assert.equal(exitCode, EXIT.request)
    assert.match(stderr, /^millrace: Model name contains invalid characters\n$/)
  })

  test('is watched by its metrics, and its training data handed over', async t => {
    const watched = `${MODEL.replace('scaler', 'watched')}training-data: data/train.csv
monitoring:
  - {name: outlier, config: {monitoring-model: scaler:1, threshold: 0.97, operator: Less}}
`
    const { manager, apply } = await setUp(t, {
      'watched.yaml': watched,
      'data/train.csv': 'xs_0,xs_1\n1,2\n',
    })
    const { exitCode, stdout, stderr } = await apply(['-f', 'model.yaml', '-f', 'watched.yaml'])
    assert.deepEqual([exitCode, stderr], [EXIT.ok, ''])
    assert.match(
      stdout,
      /metric outlier of watched:1 created: scaler:1 Less 0.97\ntraining data of watched:1 handed over\ntraining data of watched:1 processed: 3 rows\n$/,
    )
    const [scaler, own] = manager.versions
    const [metric] = manager.metrics as { modelVersionId: number; config: Record<string, unknown> }[]
    assert.equal(metric!.modelVersionId, own!.id)
    assert.equal(metric!.config['modelVersionId'], scaler!.id)
    assert.deepEqual(metric!.config['thresholdCmpOperator'], { kind: 'Less' })
    assert.deepEqual(manager.trainingData, [`/monitoring/profiles/batch/${own!.id} xs_0,xs_1\n1,2\n`])
  })

  test('whose training data cannot be processed ends with the reason', async t => {
    const { manager, apply } = await setUp(t)
    manager.trainingStatus = { kind: 'Failure', message: 'it is empty', rows: 0, skippedRows: 0 }
    const { exitCode, stderr } = await apply(['-f', '-'], `${MODEL}training-data: s3://bucket/train.csv\n`)
    assert.equal(exitCode, EXIT.failed)
    assert.equal(stderr, 'millrace: the training data of scaler:1 could not be processed: it is empty\n')
  })

  test('is released though the server takes no training data', async t => {
    const { manager, apply } = await setUp(t)
    manager.hasMonitoring = false
    const input = `${MODEL}training-data: s3://bucket/train.csv\n`
    const { exitCode, stderr } = await apply(['-f', '-'], input)
    assert.equal(exitCode, EXIT.ok)
    assert.equal(stderr, 'warning: training data of scaler:1 was not taken: Training data is not supported\n')
    manager.hasMonitoring = true
    await apply(['-f', '-'], input)
    assert.match(
      manager.trainingData[0]!,
      /^\/monitoring\/profiles\/batch\/\d+\/s3 \{"path":"s3:\/\/bucket\/train.csv"\}$/,
    )
  })
})

suite('an application', () => {
  test('is created and then changed in place, with the versions and configurations it names', async t => {
    const { manager, apply } = await setUp(t)
    const models = ['-f', 'big.yaml', '-f', 'model.yaml', '-f', 'model.yaml']
    const first = await apply([...models, '-f', 'application.yml', '--output', 'json'])
    assert.equal(first.exitCode, EXIT.ok, first.stderr)
    assert.match(
      first.stderr,
      /application scaler-app: starting\n(?: {2}Initialization\n)?application scaler-app ready\n$/,
    )
    const applied = JSON.parse(first.stdout) as { kind: string; modelVersion?: number; status?: string }[]
    assert.deepEqual(
      applied.map(({ kind, modelVersion, status }) => [kind, modelVersion, status]),
      [
        ['DeploymentConfiguration', undefined, undefined],
        ['Model', 1, 'Released'],
        ['Model', 2, 'Released'],
        ['Application', undefined, 'Ready'],
      ],
    )
    const { id } = manager.applications.get('scaler-app')!
    const again = await apply(['-f', 'application.yml'])
    assert.equal(again.exitCode, EXIT.ok, again.stderr)
    assert.match(again.stdout, /^application scaler-app: changing\n/)
    const application = manager.applications.get('scaler-app')!
    assert.equal(application.id, id)
    const { stages } = application['executionGraph'] as { stages: { modelVariants: object[] }[] }
    const [one, two] = manager.versions
    assert.deepEqual(
      stages[0]!.modelVariants.map(variant => ({ ...variant, servableName: undefined })),
      [
        { modelVersionId: one!.id, weight: 80, servableName: undefined, deploymentConfigurationName: null },
        { modelVersionId: two!.id, weight: 20, servableName: undefined, deploymentConfigurationName: 'big' },
      ],
    )
    assert.ok(manager.asked.includes('PUT /api/v2/application'))
  })

  test('that fails ends the command with its reason', async t => {
    const { manager, apply } = await setUp(t)
    manager.outcome = { status: 'Failed', message: 'out of memory' }
    const single = 'kind: Application\nname: a\nsingular: {model: scaler:1}\n'
    const { exitCode, stderr } = await apply(['-f', 'model.yaml', '-f', '-'], single)
    assert.equal(exitCode, EXIT.failed)
    assert.match(
      stderr,
      /application a has failed: out of memory; millrace logs NAME shows more, of scaler-1-quiet-river/,
    )
  })

  test('of a version that is not there is not sent', async t => {
    const { manager, apply } = await setUp(t)
    const { exitCode, stderr } = await apply(['-f', 'application.yml'])
    assert.equal(exitCode, EXIT.request)
    assert.match(stderr, /application scaler-app is made of scaler:1, which the server does not have/)
    assert.ok(!manager.asked.includes('POST /api/v2/application'))
  })

  test('that is not ready in time', async t => {
    const { manager, apply } = await setUp(t)
    manager.outcome = { status: 'Assembling', message: 'still' }
    const single = 'kind: Application\nname: a\nsingular: {model: scaler:1}\n'
    const { exitCode, stderr } = await apply(['-f', 'model.yaml', '-f', '-', '--timeout', '0.5'], single)
    assert.equal(exitCode, EXIT.request)
    assert.match(stderr, /application a took more than 0.5 seconds; it goes on/)
  })
})

test('a deployment configuration that is there is fine if it is equal, and else says what differs', async t => {
  const { manager, apply } = await setUp(t)
  const lines: string[] = []
  for (const replicas of ['2', '2', '3']) {
    const input = CONFIGURATION.replace('2', replicas)
    const { stdout, stderr, exitCode } = await apply(['-f', '-'], input)
    lines.push(`${exitCode} ${stdout}${stderr}`)
  }
  assert.equal(lines[0], '0 deployment configuration big created\n')
  assert.equal(lines[1], '0 deployment configuration big is there already\n')
  assert.match(lines[2]!, /^6 millrace: deployment configuration big is there already and another: /)
  assert.match(lines[2]!, /: deployment\.replicaCount is 2 there and 3 here\. They never change/)
  assert.equal(manager.asked.filter(line => line.startsWith('POST')).length, 1)
})

suite('what is wrong with the files', () => {
  test('is told with all places, before anything is sent', async t => {
    const { manager, apply } = await setUp(t, {
      'a.yaml': 'kind: Modl\nname: a\n',
      'b.yaml': `${MODEL.replace('[src/,', '[nothing/,')}training-data: none.csv\n`,
    })
    const { exitCode, stdout, stderr } = await apply(['-f', 'a.yaml', '-f', 'big.yaml', '-f', 'b.yaml'])
    assert.deepEqual([exitCode, stdout], [EXIT.configuration, ''])
    const [title, ...lines] = stderr.trimEnd().split('\n')
    assert.equal(title, 'millrace: 3 mistakes, and nothing was applied')
    assert.match(lines[0]!, /^ {2}a\.yaml, line 1, column 7: kind: Kind Modl in a\.yaml is not supported/)
    assert.match(lines[1]!, /b\.yaml, line 4, column 11: payload 'nothing\/'/)
    assert.match(lines[2]!, /b\.yaml, line 1, column 1: training-data: there is no file .*none\.csv/)
    assert.deepEqual(manager.asked, [])
  })

  const cases: readonly [args: readonly string[], exitCode: number, message: RegExp][] = [
    [[], EXIT.usage, /--filename/],
    [['-f', 'gone.yaml'], EXIT.configuration, /there is no file or folder gone\.yaml/],
    [['-f', 'src'], EXIT.configuration, /there is no resource file in src/],
    [['-f', '-'], EXIT.configuration, /there is no resource in -/],
    [
      ['-f', 'big.yaml', '--server', 'http://127.0.0.1:3'],
      EXIT.request,
      /http:\/\/127\.0\.0\.1:3 cannot be reached: .*; start it with millrace up/,
    ],
    [
      ['-f', 'big.yaml', '--server', 'nowhere'],
      EXIT.usage,
      /server 'nowhere': url is 'nowhere'; expected http/,
    ],
  ]
  for (const [args, expected, message] of cases) {
    test(`apply ${args.join(' ')}`, async t => {
      const { apply } = await setUp(t)
      const { exitCode, stderr } = await apply(args)
      assert.equal(exitCode, expected, stderr)
      assert.match(stderr, message)
      assert.match(stderr, /^millrace: [^\n]+\n$/)
    })
  }
})

test('a folder is applied by kind', async t => {
  const { manager, folder, apply } = await setUp(t)
  const { exitCode, stderr } = await apply(['-f', folder])
  // The application names a second version, which is not there.
  assert.equal(exitCode, EXIT.request)
  assert.match(stderr, /made of scaler:2/)
  const posts = manager.asked.filter(line => line.startsWith('POST'))
  assert.deepEqual(posts, ['POST /api/v2/deployment_configuration', 'POST /api/v2/model/upload'])
})
