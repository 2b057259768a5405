import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import type { FieldSchema, FieldSchemas } from '../config/field-schema.ts'
import {
  type LoadedServerSettings,
  loadServerSettings,
  type ServerSettingsOptions,
} from './load-server-settings.ts'
import { serverSettingsJsonSchema, serverSettingsSchema } from './server-settings-schema.ts'

let folder = ''
let workingDirectory = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'settings-'))
  workingDirectory = await mkdtemp(join(tmpdir(), 'working-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true })
  await rm(workingDirectory, { recursive: true })
})

const UNPROTECTED = { tls: undefined, apiKeys: undefined, jwt: undefined, rateLimit: undefined }

interface Sources {
  readonly flags?: ServerSettingsOptions['flags']
  readonly file?: object
  readonly environment?: Record<string, string>
  readonly dotenv?: string
}

async function load({ flags, file, environment = {}, dotenv }: Sources): Promise<LoadedServerSettings> {
  if (file !== undefined) await writeFile(join(folder, 'settings.json'), JSON.stringify(file))
  if (dotenv !== undefined) await writeFile(join(workingDirectory, '.env'), dotenv)
  return loadServerSettings({ folder, flags, environment, workingDirectory })
}

test('defaults', async () => {
  const { settings, origins, warnings } = await load({})
  const packageFile = await readFile(new URL('../../package.json', import.meta.url), 'utf8')
  assert.deepEqual(settings, {
    isDebugging: false,
    parallelWorkers: 1,
    parallelWorkersTimeoutMs: 5000,
    environmentsFolder: join(workingDirectory, '.envs'),
    modelRepositoryImplementation: undefined,
    modelRepositoryRoot: folder,
    modelRepositoryImplementationArgs: {},
    loadsModelsAtStartup: true,
    serverName: 'millrace',
    serverVersion: (JSON.parse(packageFile) as { version: string }).version,
    extensions: [],
    host: '127.0.0.1',
    httpPort: 8080,
    rootPath: '',
    grpcPort: 8081,
    grpcMaxMessageBytes: 4 * 1024 * 1024,
    cors: undefined,
    metricsEndpoint: '/metrics',
    metricsPort: 8082,
    metricsRestServerPrefix: 'rest_server',
    hasMetricsPerModel: true,
    metricsFolder: join(workingDirectory, '.metrics'),
    isLogStructured: false,
    loggingSettings: undefined,
    isKafkaEnabled: false,
    kafkaServers: 'localhost:9092',
    kafkaInputTopic: 'mlserver-input',
    kafkaOutputTopic: 'mlserver-output',
    kafkaGroupId: undefined,
    kafkaMaxInFlight: 32,
    kafkaDeadLetterTopic: undefined,
    kafkaSecurity: { tls: undefined, sasl: undefined },
    tracingServer: undefined,
    isCacheEnabled: false,
    cacheMaxEntries: 100,
    cacheMaxBytes: 64 * 1024 * 1024,
    workerKind: 'thread',
    maxQueueRequests: 1024,
    maxQueueBytes: 256 * 1024 * 1024,
    watchesModelRepository: false,
    allowsPickle: false,
    modelCacheFolder: join(workingDirectory, '.models'),
    modelDownloadMaxBytes: 64 * 1024 ** 3,
    modelRuntime: undefined,
    meshModelsFolder: undefined,
    meshStorageFolder: undefined,
    modelMemory: undefined,
    mesh: undefined,
    isGzipEnabled: true,
    isCloudEventsEnabled: true,
    security: { rest: UNPROTECTED, grpc: UNPROTECTED, metrics: UNPROTECTED },
    httpMaxBodyBytes: 64 * 1024 * 1024,
    httpMaxHeaderBytes: 16 * 1024,
    grpcMaxHeaderBytes: 16 * 1024,
    maxConcurrentRequests: 1024,
    maxInflightBytes: 512 * 1024 * 1024,
    maxConnections: 10_000,
    requestTimeoutMs: 60_000,
    headersTimeoutMs: 10_000,
    keepAliveTimeoutMs: 75_000,
    streamIdleTimeoutMs: 300_000,
    shutdownTimeoutMs: 30_000,
    modelLoadTimeoutMs: 300_000,
    grpcStreamShape: 'auto',
  })
  assert.deepEqual([...origins.keys()], Object.keys(serverSettingsSchema.properties))
  assert.equal(origins.get('http_port'), 'default')
  assert.equal(origins.get('model_repository_root'), 'folder argument')
  assert.deepEqual(warnings, [])
})

test('precedence: flag, file, environment (our prefix first), .env, default', async () => {
  const sources: [origin: string, source: Sources][] = [
    ['flag --http-port', { flags: { http_port: 1 } }],
    ['settings.json', { file: { http_port: 2 } }],
    ['environment MILLRACE_HTTP_PORT', { environment: { MILLRACE_HTTP_PORT: '3' } }],
    ['environment MLSERVER_HTTP_PORT', { environment: { MLSERVER_HTTP_PORT: '4' } }],
    ['.env MILLRACE_HTTP_PORT', { dotenv: 'MILLRACE_HTTP_PORT=5' }],
    ['.env MLSERVER_HTTP_PORT', { dotenv: 'MLSERVER_HTTP_PORT=6' }],
    ['default', {}],
  ]
  // Every set of sources: the first of the list wins.
  for (let chosen = 0; chosen < 2 ** (sources.length - 1); chosen++) {
    const present = sources.filter((_, index) => index === sources.length - 1 || chosen & (1 << index))
    const dotenv = present.flatMap(([, source]) => source.dotenv ?? []).join('\n')
    const environment = Object.assign({}, ...present.map(([, source]) => source.environment)) as Record<
      string,
      string
    >
    const flags = present.find(([, source]) => source.flags)?.[1].flags
    const file = present.find(([, source]) => source.file)?.[1].file ?? {}
    const { settings, origins } = await load({ flags, file, environment, dotenv })
    const [expected] = present[0]!
    assert.equal(origins.get('http_port'), expected)
    const index = sources.findIndex(([origin]) => origin === expected)
    assert.equal(settings.httpPort, expected === 'default' ? 8080 : index + 1)
  }
})

test('variables are read in any case, under both prefixes', async () => {
  assert.equal((await load({ environment: { mlserver_http_port: '5000' } })).settings.httpPort, 5000)
  assert.equal(
    (await load({ environment: { MLSERVER_REQUEST_TIMEOUT: '1.5' } })).settings.requestTimeoutMs,
    1500,
  )
  assert.equal(
    (await load({ environment: { millrace_request_timeout: '2' } })).settings.requestTimeoutMs,
    2000,
  )
})

test('cors_settings merge member by member over all sources', async () => {
  const { settings, fields, origins } = await load({
    file: { cors_settings: { allow_origins: ['https://a.example'] } },
    environment: {
      MLSERVER_CORS_SETTINGS: '{"allow_methods":["POST"],"allow_origins":["*"]}',
      MLSERVER_MAX_AGE: '5',
    },
    dotenv: 'MLSERVER_MAX_AGE=6\nMLSERVER_ALLOW_ORIGIN_REGEX=https://.*\\.example',
  })
  assert.deepEqual(fields.cors_settings, {
    allow_origins: ['https://a.example'],
    allow_origin_regex: 'https://.*\\.example',
    allow_credentials: false,
    allow_methods: ['POST'],
    allow_headers: [],
    expose_headers: [],
    max_age: 5,
  })
  assert.equal(settings.cors?.maxAgeSeconds, 5)
  assert.equal(settings.cors?.allowedOriginPattern?.test('https://b.example'), true)
  assert.equal(settings.cors?.allowedOriginPattern?.test('https://b.example.evil'), false)
  assert.equal(origins.get('cors_settings'), 'settings.json')
  assert.equal(origins.get('cors_settings.allow_origins'), 'settings.json')
  assert.equal(origins.get('cors_settings.allow_methods'), 'environment MLSERVER_CORS_SETTINGS')
  assert.equal(origins.get('cors_settings.max_age'), 'environment MLSERVER_MAX_AGE')
  assert.equal(origins.get('cors_settings.allow_origin_regex'), '.env MLSERVER_ALLOW_ORIGIN_REGEX')
  assert.equal(origins.get('cors_settings.allow_headers'), 'default')
})

test('the metrics listener is turned off by null in the file, or by an empty variable', async () => {
  assert.equal(
    (await load({ environment: { MLSERVER_METRICS_ENDPOINT: '' } })).settings.metricsEndpoint,
    undefined,
  )
  assert.equal((await load({ file: { metrics_endpoint: null } })).settings.metricsEndpoint, undefined)
  assert.equal((await load({ file: { metrics_endpoint: '/m' } })).settings.metricsEndpoint, '/m')
  await assert.rejects(load({ file: {}, environment: { MLSERVER_METRICS_ENDPOINT: 'null' } }), {
    message:
      'environment MLSERVER_METRICS_ENDPOINT: metrics_endpoint is "null"; allowed is a text that matches ^/ or null',
  })
})

async function messageBytes(length: number | null): Promise<number> {
  const file = { grpc_max_message_length: length, max_inflight_bytes: 1_000_000 }
  return (await load({ file })).settings.grpcMaxMessageBytes
}

test('grpc_max_message_length: null is 4 MiB, -1 what the listener may hold at once', async () => {
  assert.equal(await messageBytes(null), 4 * 1024 * 1024)
  assert.equal(await messageBytes(-1), 1_000_000)
  assert.equal(await messageBytes(77), 77)
})

test('the folder of the command line replaces model_repository_root', async () => {
  const { settings, origins } = await load({ file: { model_repository_root: '/elsewhere' } })
  assert.equal(settings.modelRepositoryRoot, folder)
  assert.equal(origins.get('model_repository_root'), 'folder argument')
})

test('without a folder no settings file is read, and the root comes from the variables', async () => {
  await writeFile(join(workingDirectory, 'settings.json'), '{"http_port":1}')
  const environment = { MLSERVER_MODEL_REPOSITORY_ROOT: 'models' }
  const { settings } = await loadServerSettings({ environment, workingDirectory })
  assert.equal(settings.httpPort, 8080)
  assert.equal(settings.modelRepositoryRoot, join(workingDirectory, 'models'))
})

test('a settings folder is read without being the repository, which its file may name', async () => {
  const file = JSON.stringify({ model_repository_root: 's3://bucket/models', model_cache_dir: 'kept' })
  await writeFile(join(folder, 'settings.json'), file)
  const options = { settingsFolder: folder, environment: {}, workingDirectory }
  const { settings, origins } = await loadServerSettings(options)
  assert.equal(settings.modelRepositoryRoot, 's3://bucket/models')
  assert.equal(origins.get('model_repository_root'), 'settings.json')
  assert.equal(settings.modelCacheFolder, join(workingDirectory, 'kept'))
  const named = await loadServerSettings({ ...options, folder: '/m', folderOrigin: 'environment X' })
  assert.deepEqual(
    [named.settings.modelRepositoryRoot, named.origins.get('model_repository_root')],
    ['/m', 'environment X'],
  )
})

test('every bounded field refuses what lies beyond its bounds, and takes the bounds', async () => {
  let count = 0
  for (const [field, schema] of Object.entries(serverSettingsSchema.properties)) {
    for (const [bound, beyond] of [
      ['minimum', -0.5],
      ['maximum', 0.5],
    ] as const) {
      const { [bound]: limit, type } = schema as FieldSchema
      if (limit === undefined) continue
      count++
      assert.equal((await load({ file: { [field]: limit } })).fields[field as 'http_port'], limit)
      const value = type === 'number' ? limit + beyond : limit + beyond * 2
      await assert.rejects(load({ file: { [field]: value } }), (error: Error) => {
        assert.ok(
          error.message.startsWith(`${join(folder, 'settings.json')}: ${field} is ${value}; allowed is `),
          error.message,
        )
        return true
      })
    }
  }
  assert.ok(count > 30)
})

test('a wrong value: the message names the origin', async () => {
  const allowed = 'allowed is a whole number from 0 to 65535'
  const cases: [Sources, string][] = [
    [{ flags: { http_port: 'x' } }, `flag --http-port: http_port is "x"; ${allowed}`],
    [{ file: { http_port: 'x' } }, `${join(folder, 'settings.json')}: http_port is "x"; ${allowed}`],
    [
      { file: {}, environment: { mlserver_http_port: 'x' } },
      `environment mlserver_http_port: http_port is "x"; ${allowed}`,
    ],
    [{ file: {}, dotenv: 'MLSERVER_HTTP_PORT=x' }, `.env MLSERVER_HTTP_PORT: http_port is "x"; ${allowed}`],
  ]
  for (const [sources, message] of cases) {
    await assert.rejects(load(sources), { name: 'ServingError', code: 'INVALID_ARGUMENT', message })
  }
})

test('a pattern that does not compile is refused', async () => {
  await assert.rejects(load({ environment: { MLSERVER_ALLOW_ORIGIN_REGEX: '(' } }), (error: Error) => {
    assert.match(
      error.message,
      /^environment MLSERVER_ALLOW_ORIGIN_REGEX: cors_settings\.allow_origin_regex is "\("; allowed is a regular expression \(/,
    )
    return true
  })
})

test('flags: text is read, undefined was not given, an unknown one is an error', async () => {
  const { settings, origins } = await load({
    flags: { http_port: '81', extensions: '["a"]', host: undefined },
  })
  assert.deepEqual([settings.httpPort, settings.extensions], [81, ['a']])
  assert.equal(origins.get('host'), 'default')
  await assert.rejects(load({ flags: { http_prot: 1 } }), {
    code: 'INVALID_ARGUMENT',
    message: "flag --http-prot is not a setting; did you mean 'http_port'?",
  })
})

test('unknown fields and misspelt variables are reported', async () => {
  const { warnings } = await load({
    file: { $schema: 'x', htp_port: 1, whatever: 2 },
    environment: {
      MLSERVER_HTTP_PROT: '1',
      MLSERVER_MODEL_NAME: 'm',
      MLSERVER_MODELS_DIR: '/',
      MLSERVER_MODEL_PARALLEL_WORKERS: '0',
    },
  })
  const file = join(folder, 'settings.json')
  assert.deepEqual(warnings, [
    `${file}: htp_port is not a setting; did you mean 'http_port'?`,
    `${file}: whatever is not a setting`,
    'environment MLSERVER_HTTP_PROT is not a setting; did you mean MLSERVER_HTTP_PORT?',
  ])
})

test('fields without effect are reported when they differ from their default', async () => {
  const { warnings } = await load({
    file: { metrics_dir: 'metrics', logging_settings: 'logging.ini', parallel_workers: 4 },
  })
  assert.deepEqual(warnings, [
    `metrics_dir is set to "metrics": metrics of workers are gathered in memory, not in files`,
    `logging_settings is set to "logging.ini": configurations of Python's logging module have no meaning here; see use_structured_logging and debug`,
  ])
  assert.deepEqual((await load({ file: { parallel_workers: 0, parallel_workers_timeout: 5 } })).warnings, [])
})

test('a body limit that the listener can never reach is reported', async () => {
  const { warnings } = await load({ file: { max_inflight_bytes: 1024 } })
  assert.deepEqual(warnings, [
    'http_max_body_bytes is 67108864, but max_inflight_bytes admits bodies of at most 1024',
  ])
})

test('the JSON schema: every field has a title, a description, and a default or a word about it', () => {
  const schema = serverSettingsJsonSchema()
  assert.equal(schema['$id'], 'urn:millrace:server-settings')
  const check = (fields: FieldSchemas, required: readonly string[] = []) => {
    for (const [name, field] of Object.entries(fields)) {
      assert.ok(field.title && field.description, name)
      const hasDefault = 'default' in field || /Default: /.test(field.description ?? '')
      assert.ok(hasDefault || required.includes(name) || name === '$schema', name)
      if (field.properties !== undefined) check(field.properties, field.required)
    }
  }
  check(schema['properties'] as FieldSchemas)
})

async function isPerModel(flags: Readonly<Record<string, unknown>>): Promise<boolean> {
  return (await loadServerSettings({ flags, environment: {} })).settings.hasMetricsPerModel
}

test('figures are shown for each model where models stay', async () => {
  assert.equal(await isPerModel({}), true)
  assert.equal(await isPerModel({ metrics_per_model: false }), false)
  assert.equal(await isPerModel({ model_memory_budget: 65_536 }), false)
  assert.equal(await isPerModel({ model_memory_budget: 65_536, metrics_per_model: true }), true)
  assert.equal(await isPerModel({ model_runtime_endpoint: 'port:8085' }), false)
})
