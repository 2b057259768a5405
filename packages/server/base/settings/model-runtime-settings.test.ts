import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadServerSettings } from './load-server-settings.ts'

const load = (flags: Readonly<Record<string, unknown>>, environment: Readonly<Record<string, string>> = {}) =>
  loadServerSettings({ flags, environment, workingDirectory: '/work-folder' })

test('no endpoint, no mesh', async () => {
  const { settings } = await load({})
  assert.equal(settings.modelRuntime, undefined)
  assert.equal(settings.meshModelsFolder, undefined)
})

test('ports and sockets, from variables too', async () => {
  const { settings } = await load({}, { MILLRACE_MODEL_RUNTIME_ENDPOINT: 'port:8085' })
  assert.deepEqual(settings.modelRuntime, {
    endpoint: { port: 8085 },
    dataSocketPath: undefined,
    host: '127.0.0.1',
    socketMode: 0o660,
    capacityBytes: undefined,
    memoryBufferBytes: 256 * 1024 * 1024,
    defaultModelBytes: 1_000_000,
    maxLoadingConcurrency: 1,
    limitsModelConcurrency: false,
  })
  const sockets = await load({
    model_runtime_endpoint: 'unix:/sock/mgmt.sock',
    model_runtime_data_endpoint: 'unix:data.sock',
    model_runtime_socket_mode: '0600',
    model_runtime_capacity: 1e9,
    mesh_models_folder: 'models',
  })
  assert.deepEqual(sockets.settings.modelRuntime?.endpoint, { socketPath: '/sock/mgmt.sock' })
  assert.equal(sockets.settings.modelRuntime?.dataSocketPath, '/work-folder/data.sock')
  assert.equal(sockets.settings.modelRuntime?.socketMode, 0o600)
  assert.equal(sockets.settings.modelRuntime?.capacityBytes, 1e9)
  assert.equal(sockets.settings.meshModelsFolder, '/work-folder/models')
})

test('what cannot be', async () => {
  const mistakes: readonly (readonly [Readonly<Record<string, unknown>>, RegExp])[] = [
    [{ model_runtime_endpoint: 'port:70000' }, /"port:70000"; allowed are ports up to 65535/],
    [{ model_runtime_endpoint: '8085' }, /model_runtime_endpoint/],
    [{ model_runtime_endpoint: 'unix:' }, /model_runtime_endpoint/],
    [{ model_runtime_endpoint: 'tcp://localhost:8085' }, /model_runtime_endpoint/],
    [{ model_runtime_data_endpoint: 'unix:/s' }, /needs a model_runtime_endpoint/],
    [
      { model_runtime_endpoint: 'port:1', model_runtime_data_endpoint: 'port:2' },
      /model_runtime_data_endpoint/,
    ],
    [{ model_runtime_socket_mode: '0777' }, /model_runtime_socket_mode/],
    [{ model_runtime_capacity: 1 }, /model_runtime_capacity/],
    [{ model_runtime_loading_concurrency: 0 }, /model_runtime_loading_concurrency/],
  ]
  for (const [flags, message] of mistakes) {
    await assert.rejects(load(flags), { code: 'INVALID_ARGUMENT', message }, JSON.stringify(flags))
  }
})
