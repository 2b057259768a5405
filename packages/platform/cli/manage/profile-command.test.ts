import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { EXIT } from '../exit-codes.ts'
import { runCommand, testFolder } from '../test-command.ts'
import { startManager } from './manager-fixture.ts'

async function setUp(t: TestContext) {
  const [manager, folder] = [await startManager(t), await testFolder(t)]
  const file = join(folder, 'train.csv')
  await writeFile(file, 'x\n1\n')
  await writeFile(join(folder, 'model.yaml'), MODEL)
  await writeFile(join(folder, 'func_main.py'), '')
  const run = (...args: string[]) => runCommand(t, [...args, '--server', manager.url])
  const applied = await run('apply', '-f', join(folder, 'model.yaml'))
  assert.equal(applied.exitCode, EXIT.ok, applied.stderr)
  return { manager, file, profile: (...args: string[]) => run('profile', ...args) }
}

const MODEL = `kind: Model
name: scaler
runtime: hydrosphere/serving-runtime-python-3.7:3.0.3
payload: [func_main.py]
contract:
  name: scale
  inputs: {x: {shape: scalar, type: float64, profile: numerical}}
  outputs: {y: {shape: scalar, type: float64, profile: none}}
`

test('training data is pushed from a file and from elsewhere, and waited for', async t => {
  const { manager, file, profile } = await setUp(t)
  const { id } = manager.versions[0]!
  const pushed = await profile('push', '--model-version', 'scaler:1', '--filename', file)
  assert.deepEqual(
    [pushed.exitCode, pushed.stdout, pushed.stderr],
    [EXIT.ok, 'training data of scaler:1 handed over\ntraining data of scaler:1 processed: 3 rows\n', ''],
  )
  const named = await profile('push', 'scaler:1', '--s3path', 's3://bucket/train.csv', '--async')
  assert.deepEqual([named.exitCode, named.stdout], [EXIT.ok, 'training data of scaler:1 handed over\n'])
  assert.deepEqual(manager.trainingData, [
    `/monitoring/profiles/batch/${id} x\n1\n`,
    `/monitoring/profiles/batch/${id}/s3 {"path":"s3://bucket/train.csv"}`,
  ])
})

test('what could not be processed ends with its reason, and the status tells of it', async t => {
  const { manager, file, profile } = await setUp(t)
  manager.trainingStatus = { kind: 'Failure', message: 'the training data is empty', rows: 0 }
  const pushed = await profile('push', '--model-version', 'scaler:1', '--filename', file)
  assert.equal(pushed.exitCode, EXIT.failed)
  assert.match(
    pushed.stderr,
    /training data of scaler:1 could not be processed: the training data is empty\n$/,
  )
  assert.equal((await profile('status', 'scaler:1')).exitCode, EXIT.failed)
  manager.trainingStatus = { kind: 'Processing' }
  const late = await profile('push', 'scaler:1', '--filename', file, '--timeout', '0.2')
  assert.equal(late.exitCode, EXIT.request)
  assert.match(late.stderr, /took more than 0\.2 seconds; it goes on/)
  assert.match((await profile('status', '--model-version', 'scaler:1')).stdout, /is being processed/)
  manager.trainingStatus = { kind: 'NotRegistered' }
  assert.equal((await profile('status', 'scaler:1')).stdout, 'scaler:1 has no training data\n')
})

test('mistakes are told before anything is sent', async t => {
  const { manager, file, profile } = await setUp(t)
  const mistakes: readonly [args: string[], exitCode: number, message: RegExp][] = [
    [['push', 'scaler:1'], EXIT.usage, /either --filename FILE or --s3path/],
    [
      ['push', 'scaler:1', '--filename', file, '--s3path', 's3://b/k'],
      EXIT.usage,
      /either --filename FILE or/,
    ],
    [['push', '--filename', file], EXIT.usage, /name the version of the model, once/],
    [['push', 'scaler:1', '--model-version', 'scaler:1', '--filename', file], EXIT.usage, /once/],
    [['push', 'scaler', '--filename', file], EXIT.usage, /'scaler' is no version of a model/],
    [['push', 'scaler:1', '--filename', `${file}.none`], EXIT.configuration, /there is no such file/],
    [['push', 'scaler:1', '--s3path', '/etc/passwd'], EXIT.usage, /expected s3:\/\/BUCKET\/KEY/],
    [['status', 'scaler:1', '--filename', file], EXIT.usage, /are for millrace profile push/],
    [['push', 'scaler:2', '--filename', file], EXIT.request, /Can't find model version scaler:2/],
  ]
  for (const [args, exitCode, message] of mistakes) {
    const failed = await profile(...args)
    assert.equal(failed.exitCode, exitCode, failed.stderr)
    assert.match(failed.stderr, message)
  }
  assert.deepEqual(manager.trainingData, [])
})
