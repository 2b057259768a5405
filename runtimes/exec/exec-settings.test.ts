import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { ModelSettings } from '@millrace/sdk'
import { readExecSettings } from './exec-settings.ts'

let folder: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-exec-settings-'))
  await mkdir(join(folder, 'weights'))
  await writeFile(join(folder, 'weights', 'model.bin'), '')
})

after(() => rm(folder, { recursive: true }))

function read(extra: Readonly<Record<string, unknown>>, changes: Partial<ModelSettings> = {}) {
  return readExecSettings({
    name: 'm',
    version: undefined,
    implementation: '',
    folder,
    uri: folder,
    platform: '',
    versionNotes: [],
    inputs: [],
    outputs: [],
    enforceContract: true,
    contentType: undefined,
    parameters: {},
    ...changes,
    extra,
  })
}

test('a command is enough', async () => {
  assert.deepEqual(await read({ command: ['serve'] }), {
    program: {
      command: ['serve'],
      environment: {},
      workingDirectory: folder,
      port: undefined,
      restartDelayMs: 1000,
      shutdownTimeoutMs: 10_000,
    },
    protocol: 'auto',
    modelDir: folder,
    startupTimeoutMs: 60_000,
    maxMessageBytes: 256 * 1024 * 1024,
    signature: undefined,
    modelName: 'm',
  })
})

test('paths begin in the folder of the settings, and a file stands for its folder', async () => {
  const extra = { command: ['serve'], working_directory: 'weights', model_dir: 'weights' }
  const { program, modelDir } = await read(extra)
  assert.equal(typeof program === 'object' && program.workingDirectory, join(folder, 'weights'))
  assert.equal(modelDir, join(folder, 'weights'))
  const file = await read({ command: ['serve'] }, { uri: join(folder, 'weights', 'model.bin') })
  assert.equal(file.modelDir, join(folder, 'weights'))
  assert.equal((await read({ command: ['serve'] }, { uri: 's3://bucket/m' })).modelDir, folder)
})

test('an address is taken in place of a command', async () => {
  for (const address of ['127.0.0.1:9091', '[::1]:9091', 'models.internal:65535']) {
    assert.equal((await read({ address, protocol: 'hydrosphere-g3' })).program, address)
  }
})

for (const [extra, message] of [
  [{}, /neither command, a program to start, nor address/],
  [{ command: ['a'], colour: 1 }, /^parameters\.extra\.colour is not an option; options are command, /],
  [{ command: 'serve' }, /^parameters\.extra\.command is "serve"; allowed is a list of texts/],
  [{ command: [] }, /command is \[\]; allowed/],
  [{ command: [''] }, /command is \[""\]; allowed/],
  [{ command: ['a', 1] }, /command is \["a",1\]; allowed/],
  [{ command: ['a\0b'] }, /command is .* allowed/],
  [
    { command: ['a'], protocol: 'rest' },
    /protocol is "rest"; allowed is one of "v2", "hydrosphere-g1", .*"auto"/,
  ],
  [{ command: ['a'], environment: [] }, /environment is \[\]; allowed is an object of texts/],
  [{ command: ['a'], environment: { A: 1 } }, /environment\["A"\] is 1; allowed/],
  [{ command: ['a'], environment: { 'A=B': '' } }, /environment\["A=B"\] is ""; allowed/],
  [{ command: ['a'], port: 65_536 }, /port is 65536; allowed is an integer from 1 to 65535/],
  [
    { command: ['a'], startup_timeout_seconds: 0 },
    /startup_timeout_seconds is 0; allowed is a number of seconds above 0 and up to 86400/,
  ],
  [{ command: ['a'], restart_delay_seconds: '1' }, /restart_delay_seconds is "1"; allowed/],
  [{ command: ['a'], shutdown_timeout_seconds: 1e9 }, /shutdown_timeout_seconds is 1000000000; allowed/],
  [
    { command: ['a'], max_message_bytes: 0 },
    /max_message_bytes is 0; allowed is an integer from 1 to 2147483647/,
  ],
  [{ command: ['a'], signature: '' }, /signature is ""; allowed is the name of a signature/],
  [{ command: ['a'], model_name: 7 }, /model_name is 7; allowed is a name/],
  [{ command: ['a'], model_dir: 'x'.repeat(300).split('') }, /model_dir is \["x",.*…; allowed is a path/],
  [{ address: 'localhost' }, /address is "localhost"; allowed is HOST:PORT with a port from 1 to 65535/],
  [{ address: 'localhost:70000' }, /address is "localhost:70000"; allowed/],
  [{ address: 'http://localhost:1' }, /address is "http:\/\/localhost:1"; allowed/],
  [{ address: 'localhost:1', port: 2 }, /has both address and port/],
  [{ address: 'localhost:1', command: ['a'] }, /has both address and command/],
] as const) {
  test(`${JSON.stringify(extra).slice(0, 60)} is refused`, async () => {
    await assert.rejects(read(extra), { code: 'INVALID_ARGUMENT', message })
  })
}

test('folders must be there', async () => {
  for (const field of ['working_directory', 'model_dir']) {
    await assert.rejects(read({ command: ['a'], [field]: 'nowhere' }), {
      code: 'FAILED_PRECONDITION',
      message: `parameters.extra.${field} is '${join(folder, 'nowhere')}', which is not there`,
    })
  }
  await assert.rejects(read({ command: ['a'], model_dir: 'weights/model.bin' }), {
    message: /is not a folder$/,
  })
})
