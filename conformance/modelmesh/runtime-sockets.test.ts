import assert from 'node:assert/strict'
import { existsSync, statSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { type GrpcClient, grpcClient } from '../open-inference/forms/grpc-client.ts'
import { exampleModel, type RuntimeBed, startRuntimeBed } from './bed/runtime-bed.ts'

const RUNTIME = { file: 'mmesh/model_runtime.proto', service: 'mmesh.ModelRuntime' } as const

async function socketFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sock-'))
  t.after(() => rm(folder, { recursive: true }))
  return folder
}

function client(t: TestContext, target: string, service?: typeof RUNTIME): GrpcClient {
  const opened = grpcClient(target, service)
  t.after(() => opened.close())
  return opened
}

/** Loads a model through one client and asks it through another. */
async function loadAndAsk(bed: RuntimeBed, runtime: GrpcClient, data: GrpcClient): Promise<void> {
  const modelPath = await bed.write('models/iris/model.onnx', await exampleModel('iris'))
  const { message: status } = await runtime.call<{ status: string }>('runtimeStatus', {})
  assert.equal(status.status, 'READY')
  await runtime.call('loadModel', {
    modelId: 'iris',
    modelType: 'mt:onnx',
    modelPath,
    modelKey: '{"model_type":"onnx"}',
  })
  const { message } = await data.call<{ name: string }>('ModelMetadata', { name: 'iris' })
  assert.equal(message.name, 'iris')
  assert.deepEqual((await data.call('ModelReady', { name: 'iris' })).message, { ready: true })
  await runtime.call('unloadModel', { modelId: 'iris' })
}

suite('check 44: where a mesh calls', () => {
  test('check 44: two Unix sockets, which go with the server', async t => {
    const folder = await socketFolder(t)
    const [management, requests] = [join(folder, 'mgmt.sock'), join(folder, 'data.sock')]
    const bed = await startRuntimeBed(t, {
      settings: {
        model_runtime_endpoint: `unix:${management}`,
        model_runtime_data_endpoint: `unix:${requests}`,
        model_runtime_socket_mode: '0600',
      },
    })
    await bed.server.started
    for (const path of [management, requests]) assert.equal(statSync(path).mode & 0o777, 0o600)
    const runtime = client(t, `unix:${management}`, RUNTIME)
    const data = client(t, `unix:${requests}`)
    await loadAndAsk(bed, runtime, data)
    // Each offers its own methods alone.
    await assert.rejects(client(t, `unix:${requests}`, RUNTIME).call('runtimeStatus', {}), { code: 12 })
    await assert.rejects(client(t, `unix:${management}`).call('ServerLive', {}), { code: 12 })
    await bed.server.close()
    assert.equal(existsSync(management), false)
    assert.equal(existsSync(requests), false)
  })

  test('check 44: one Unix socket for both', async t => {
    const path = join(await socketFolder(t), 'all.sock')
    const settings = { model_runtime_endpoint: `unix:${path}`, model_runtime_data_endpoint: `unix:${path}` }
    const bed = await startRuntimeBed(t, { settings })
    await bed.server.started
    await loadAndAsk(bed, client(t, `unix:${path}`, RUNTIME), client(t, `unix:${path}`))
  })

  test('check 44: a port of its own, and the port for gRPC', async t => {
    const own = await startRuntimeBed(t)
    await own.server.started
    await loadAndAsk(own, own.runtime, own.data)
    assert.equal(own.server.modelRuntime[0]!.host, '127.0.0.1')
    assert.notEqual(own.server.modelRuntime[0]!.port, own.server.grpc.port)
    const { port } = own.server.grpc
    await own.server.close()
    const shared = await startRuntimeBed(t, {
      settings: { grpc_port: port, model_runtime_endpoint: `port:${port}` },
    })
    await shared.server.started
    assert.equal(shared.server.modelRuntime[0]!.port, shared.server.grpc.port)
    await loadAndAsk(shared, shared.runtime, shared.data)
  })

  test('check 44: other machines reach a port only if they are let, and the log warns of it', async t => {
    const own = await startRuntimeBed(t)
    assert.ok(!own.log.some(line => line.includes('without TLS')))
    const open = await startRuntimeBed(t, { settings: { model_runtime_host: '0.0.0.0' } })
    assert.equal(open.server.modelRuntime[0]!.host, '0.0.0.0')
    assert.ok(open.log.some(line => line.includes('listening on 0.0.0.0 without TLS or authentication')))
  })

  test('check 44: without the setting there is no such service', async t => {
    const bed = await startRuntimeBed(t, { settings: { model_runtime_endpoint: null } })
    await assert.rejects(bed.status(), { code: 'UNIMPLEMENTED' })
  })
})
