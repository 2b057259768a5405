import assert from 'node:assert/strict'
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  Client,
  credentials,
  type MethodDefinition,
  type ServiceDefinition,
  type ServiceError,
  status,
} from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { startCommand, type TestCommand, testFolder } from './test-command.ts'

const PROTO_FOLDER = fileURLToPath(new URL('../../sdk/protocol/proto', import.meta.url))
const definition = loadSync('inference.proto', {
  includeDirs: [PROTO_FOLDER],
  keepCase: true,
  longs: String,
  enums: String,
  defaults: true,
})
const service = definition['inference.GRPCInferenceService'] as ServiceDefinition

/** Says what its artefact holds, and how many bytes it was sent. */
const READS_URI = `import { readdirSync, readFileSync, statSync } from 'node:fs'
export class TestModel {
  constructor(settings) { this.settings = settings }
  load() {
    const { uri } = this.settings
    this.text = statSync(uri).isDirectory() ? readdirSync(uri).join() : readFileSync(uri, 'utf8')
  }
  predict({ inputs }) {
    const bytes = inputs.reduce((sum, input) => sum + input.data.length, 0)
    return { outputs: [{ name: 'said', datatype: 'BYTES', shape: [1], data: [this.text + ' ' + bytes] }] }
  }
}`

const PORTS = {
  MLSERVER_HTTP_PORT: '0',
  MLSERVER_GRPC_PORT: '0',
  MLSERVER_METRICS_PORT: '0',
  MLSERVER_HOST: '127.0.0.1',
}

interface Rpc {
  readonly call: (method: string, message?: object) => Promise<Record<string, unknown>>
  readonly refusal: (method: string, message: object) => Promise<string>
  /** What the model says to an input of so many bytes. */
  readonly infer: (name: string, sizeBytes?: number) => Promise<string>
}

async function connect(t: TestContext, command: TestCommand): Promise<Rpc> {
  const [, address] = await command.printed(/gRPC +(127\.0\.0\.1:\d+)\n/)
  const client = new Client(address!, credentials.createInsecure(), { 'grpc.max_send_message_length': -1 })
  t.after(() => client.close())
  const call: Rpc['call'] = (method, message = {}) => {
    const { path, requestSerialize, responseDeserialize } = service[method] as MethodDefinition<
      object,
      object
    >
    return new Promise((resolve, reject) => {
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, message, (error, answer) => {
        if (error === null) resolve(answer as Record<string, unknown>)
        else reject(error)
      })
    })
  }
  return {
    call,
    refusal: (method, message) =>
      call(method, message).then(
        () => 'OK',
        (error: ServiceError) => status[error.code],
      ),
    async infer(name, sizeBytes = 1) {
      const inputs = [{ name: 'x', datatype: 'UINT8', shape: [sizeBytes] }]
      const request = { model_name: name, inputs, raw_input_contents: [Buffer.alloc(sizeBytes)] }
      const { raw_output_contents: raw, outputs } = await call('ModelInfer', request)
      const [bytes] = raw as Buffer[]
      if (bytes !== undefined) return bytes.toString('utf8', 4)
      const [output] = outputs as { contents: { bytes_contents: Buffer[] } }[]
      return output!.contents.bytes_contents[0]!.toString()
    },
  }
}

async function startUnderModelMesh(t: TestContext) {
  const folder = await testFolder(t, { 'model.mjs': READS_URI, 'artefacts/iris/weights.bin': 'iris' })
  const models = join(folder, '_mlserver_models')
  const command = startCommand(t, ['serve'], {
    cwd: folder,
    env: {
      ...PORTS,
      MLSERVER_MODELS_DIR: models,
      MLSERVER_LOAD_MODELS_AT_STARTUP: 'false',
      MLSERVER_MODEL_NAME: 'dummy-model',
      MLSERVER_MODEL_IMPLEMENTATION: `${folder}/model.mjs:TestModel`,
      MLSERVER_MODEL_PARALLEL_WORKERS: '0',
      MLSERVER_GRPC_MAX_MESSAGE_LENGTH: '-1',
      MLSERVER_DEBUG: 'true',
    },
  })
  /** As the adapter does: a folder of the model's id with a link to the artefact and settings beside it. */
  const place = async (id: string) => {
    await rm(join(models, id), { recursive: true, force: true })
    await mkdir(join(models, id), { recursive: true })
    await symlink(join(folder, 'artefacts/iris'), join(models, id, 'iris'))
    const settings = { name: id, parameters: { uri: join(models, id, 'iris/weights.bin') } }
    await writeFile(join(models, id, 'model-settings.json'), JSON.stringify(settings))
  }
  return { folder, models, command, place, rpc: await connect(t, command) }
}

suite('ModelMesh', () => {
  test('start, load, use, unload', async t => {
    const { models, place, rpc } = await startUnderModelMesh(t)
    const { call, infer, refusal } = rpc
    assert.deepEqual(await call('ServerReady'), { ready: true })
    assert.deepEqual(await call('RepositoryIndex', { ready: true }), { models: [] })
    assert.notEqual((await call('ServerMetadata'))['version'], '')
    const dummy = { name: 'dummy-model', version: '', state: 'UNAVAILABLE', reason: '' }
    assert.deepEqual(await call('RepositoryIndex'), { models: [dummy] })

    const ids = ['example-sklearn__isvc-6b2eb0b8bf', 'other__ksp-0123456789']
    await Promise.all(ids.map(place))
    await Promise.all(ids.map(id => call('RepositoryModelLoad', { model_name: id })))
    for (const id of ids) assert.equal(await infer(id), 'iris 1')
    assert.equal(await infer(ids[0]!, 5 * 1024 * 1024), `iris ${5 * 1024 * 1024}`)
    assert.equal((await call('ModelMetadata', { name: ids[0] }))['name'], ids[0])
    const { models: listed } = (await call('RepositoryIndex', { ready: true })) as {
      models: { name: string }[]
    }
    assert.deepEqual(listed.map(({ name }) => name).toSorted(), ids)
    assert.equal(await refusal('RepositoryModelLoad', { model_name: 'dummy-model' }), 'NOT_FOUND')

    // A restarted adapter begins by emptying the server.
    for (const id of ids) await call('RepositoryModelUnload', { model_name: id })
    await rm(models, { recursive: true })
    await mkdir(models)
    assert.equal(await refusal('ModelInfer', { model_name: ids[0] }), 'NOT_FOUND')
    assert.equal(await refusal('RepositoryModelUnload', { model_name: ids[0] }), 'NOT_FOUND')
    assert.deepEqual(await call('RepositoryIndex', { ready: true }), { models: [] })
    await place(ids[0]!)
    await call('RepositoryModelLoad', { model_name: ids[0] })
    assert.equal(await infer(ids[0]!), 'iris 1')
  })

  test('a runtime that is not installed says what to install', async t => {
    const { models, place, rpc } = await startUnderModelMesh(t)
    await place('m')
    const path = join(models, 'm/model-settings.json')
    const settings = JSON.parse(await readFile(path, 'utf8')) as object
    const implementation = '@millrace/no-such-runtime:SomeModel'
    await writeFile(path, JSON.stringify({ ...settings, implementation }))
    await assert.rejects(rpc.call('RepositoryModelLoad', { model_name: 'm' }), (error: ServiceError) => {
      assert.match(error.details, /install it with: npm install @millrace\/no-such-runtime/)
      return true
    })
  })
})

suite('KServe', () => {
  test('a model that only the environment describes', async t => {
    const folder = await testFolder(t, { 'model.mjs': READS_URI, 'mnt/models/weights.bin': 'w' })
    const models = join(folder, 'mnt/models')
    const command = startCommand(t, ['serve'], {
      cwd: folder,
      env: {
        ...PORTS,
        MLSERVER_MODELS_DIR: models,
        MLSERVER_MODEL_IMPLEMENTATION: './model.mjs:TestModel',
        MLSERVER_MODEL_NAME: 'iris-predictor',
        MLSERVER_MODEL_URI: models,
      },
    })
    const { call, infer } = await connect(t, command)
    await command.printed(/models +iris-predictor ready in/)
    assert.equal(await infer('iris-predictor'), 'weights.bin 1')
    const { models: index } = await call('RepositoryIndex')
    assert.deepEqual(index, [{ name: 'iris-predictor', version: '', state: 'READY', reason: '' }])
    const [, rest] = await command.printed(/REST +(\S+)/)
    assert.equal((await fetch(`${rest}/v2/models/iris-predictor/ready`)).status, 200)
  })

  test('without a storage location: no model at the start, and a folder that is not there', async t => {
    // A command without a shell leaves the variable as it is written.
    const command = startCommand(t, ['serve', '${MLSERVER_MODELS_DIR}'], {
      env: {
        ...PORTS,
        MLSERVER_MODELS_DIR: '/nonexistent/models',
        MLSERVER_MODEL_IMPLEMENTATION: 'onnx',
        MLSERVER_MODEL_NAME: 'm',
        MLSERVER_LOAD_MODELS_AT_STARTUP: 'false',
      },
    })
    const { call } = await connect(t, command)
    await command.printed(/models +none yet/)
    assert.deepEqual(await call('ServerReady'), { ready: true })
  })
})

suite('where the repository comes from without an argument', () => {
  test('settings.json in the working directory may name it', async t => {
    const folder = await testFolder(t, {
      'settings.json': '{"model_repository_root": "elsewhere"}',
      'elsewhere/m/model-settings.json': `{"implementation": "../../model.mjs:TestModel"}`,
      'model.mjs': READS_URI,
    })
    const command = startCommand(t, ['serve', '--print-config'], { cwd: folder })
    assert.equal(await command.ended, 0)
    assert.match(command.stdout, /^model_repository_root +"elsewhere" +settings\.json$/m)
    const served = startCommand(t, ['serve'], { cwd: folder, env: PORTS })
    await served.printed(/models +m ready in/)
  })

  test('a variable may name it, and the settings in it', async t => {
    const folder = await testFolder(t, { 'models/settings.json': '{"server_name": "mine"}' })
    for (const [name, origin] of [
      ['MLSERVER_MODELS_DIR', 'environment MLSERVER_MODELS_DIR'],
      ['MLSERVER_MODEL_REPOSITORY_ROOT', 'environment MLSERVER_MODEL_REPOSITORY_ROOT'],
    ] as const) {
      const env = { [name]: join(folder, 'models') }
      const command = startCommand(t, ['serve', '--print-config'], { cwd: folder, env })
      assert.equal(await command.ended, 0)
      assert.match(command.stdout, new RegExp(`^model_repository_root +\\S+/models" +${origin}$`, 'm'))
      assert.match(command.stdout, /^server_name +"mine" +settings\.json$/m)
    }
  })

  test('a URI of a scheme that is no source', async t => {
    const command = startCommand(t, ['serve', 'gs://bucket/models'], { env: PORTS })
    assert.equal(await command.ended, 3)
    assert.match(
      command.stderr,
      /"gs:\/\/bucket\/models"; allowed is a folder, or a URI that begins with s3:\/\//,
    )
  })
})
