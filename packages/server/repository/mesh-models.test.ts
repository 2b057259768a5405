import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import type { Logger } from '@millrace/sdk'
import fc from 'fast-check'
import type { MeshModelInfo } from './mesh-model-key.ts'
import { createMeshModels } from './mesh-models.ts'
import type { ModelRepository } from './model-repository.ts'
import { createModelStager } from './sources/model-stager.ts'
import { sendFile, startHttp } from './sources/test/http-fixture.ts'

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} }
const SCHEMA = {
  inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 64] }],
  outputs: [{ name: 'y', datatype: 'STRING', shape: [-1, 1] }],
}

async function bed(
  t: TestContext,
  { environment = {}, base }: { environment?: Record<string, string>; base?: ModelRepository } = {},
) {
  const folder = await mkdtemp(join(tmpdir(), 'mesh-'))
  t.after(() => rm(folder, { recursive: true }))
  const write = async (path: string, content: unknown) => {
    const file = join(folder, path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content))
    return file
  }
  await mkdir(join(folder, 'models'))
  const { signal } = new AbortController()
  const models = createMeshModels({
    base: base ?? { list: async () => ({ found: [], broken: [] }), find: async () => [] },
    environment,
    roots: [join(folder, 'models')],
    storage: { configFolder: join(folder, 'config'), claimsFolder: join(folder, 'claims') },
    stager: createModelStager({
      cacheFolder: join(folder, 'cache'),
      maxBytes: 1024 * 1024,
      environment: {},
      inUse: () => [],
      retryPolicy: { attempts: 1, delayMs: 1 },
    }),
    log: silent,
    signal,
  })
  const read = async (info: Partial<MeshModelInfo>, id = 'digits__isvc-0a1b2c3d4e') => {
    models.add(id, { type: 'mt:any', path: '', key: '', ...info })
    const [settings, ...others] = await models.find(id)
    assert.deepEqual(others, [])
    assert.ok(settings !== undefined)
    return settings
  }
  return { folder, models, write, read }
}

const keyOf = (key: unknown) => JSON.stringify(key)

suite('a local path', () => {
  test('the worked example: a file, its format and its schema', async t => {
    const { folder, read, write, models } = await bed(t)
    const file = await write('models/digits__isvc-0a1b2c3d4e/digits.joblib', 'x')
    const schema = await write('models/digits__isvc-0a1b2c3d4e/digits.json', SCHEMA)
    const key = keyOf({ disk_size_bytes: 54321, model_type: { name: 'sklearn' }, schema_path: schema })
    const settings = await read({ type: 'mt:sklearn', path: file, key })
    assert.equal(settings.name, 'digits__isvc-0a1b2c3d4e')
    assert.equal(settings.implementation, 'mlserver_sklearn.SKLearnModel')
    assert.equal(settings.uri, file)
    assert.deepEqual(
      settings.inputs.map(({ name, datatype, shape }) => ({ name, datatype, shape })),
      SCHEMA.inputs,
    )
    assert.equal(settings.outputs[0]?.datatype, 'BYTES')
    const preview = await models.preview('m', { type: 'mt:x', path: file, key }, new AbortController().signal)
    assert.equal(preview.format, 'sklearn')
    assert.equal(preview.diskSizeBytes, 54321)
    assert.equal(preview.settings?.uri, file)
    // Nothing is written.
    assert.deepEqual((await readdir(join(folder, 'models'), { recursive: true })).toSorted(), [
      'digits__isvc-0a1b2c3d4e',
      'digits__isvc-0a1b2c3d4e/digits.joblib',
      'digits__isvc-0a1b2c3d4e/digits.json',
    ])
  })

  test('formats as objects, as texts, as labels, with versions and in any case', async t => {
    const { read, write } = await bed(t)
    const path = await write('models/m/model.bin', 'x')
    const formats: readonly (readonly [string, unknown, string])[] = [
      ['mt:xgboost', { model_type: { name: 'sklearn', version: '0' } }, 'mlserver_sklearn.SKLearnModel'],
      ['rt:my-runtime', { model_type: 'LightGBM:3' }, 'mlserver_lightgbm.LightGBMModel'],
      ['mt:xgboost:1|pv:v2', {}, 'mlserver_xgboost.XGBoostModel'],
      ['XGBoost', {}, 'mlserver_xgboost.XGBoostModel'],
      ['mt:a', { model_type: { name: 'mllib' } }, 'mlserver_mllib.MLlibModel'],
      ['mt:a', { model_type: 'onnx' }, '@millrace/onnx:OnnxModel'],
    ]
    for (const [type, key, implementation] of formats) {
      const settings = await read({ type, path, key: keyOf(key) })
      assert.equal(settings.implementation, implementation)
    }
  })

  test('a class for all formats that have none; without it the files, or an error', async t => {
    const own = await bed(t, { environment: { MLSERVER_MODEL_IMPLEMENTATION: './model.ts:Own' } })
    const path = await own.write('models/m/weights.bin', 'x')
    assert.equal(
      (await own.read({ path, key: keyOf({ model_type: 'own' }) })).implementation,
      './model.ts:Own',
    )
    assert.equal(
      (await own.read({ path, key: keyOf({ model_type: 'sklearn' }) })).implementation,
      'mlserver_sklearn.SKLearnModel',
    )
    const none = await bed(t)
    const other = await none.write('models/m/weights.bin', 'x')
    await assert.rejects(none.read({ path: other, key: keyOf({ model_type: 'own' }) }), {
      code: 'INVALID_ARGUMENT',
      message:
        /^model digits__isvc-0a1b2c3d4e: model_type is "own", and its files do not show what serves it; allowed is one of /,
    })
    const graph = await none.write('models/g/graph.onnx', 'x')
    assert.equal(
      (await none.read({ path: graph, key: keyOf({ model_type: 'own' }) })).implementation,
      '@millrace/onnx:OnnxModel',
    )
  })

  test('a folder with settings keeps them under the id; its URI lies below it', async t => {
    const { folder, read, write } = await bed(t)
    for (const [uri, joined] of [
      ['weights/a.bin', 'models/n/weights/a.bin'],
      ['/weights/a.bin', 'models/n/weights/a.bin'],
      [undefined, 'models/n'],
    ] as const) {
      await write('models/n/model-settings.json', {
        name: 'another',
        implementation: './model.ts:Sum',
        max_batch_size: 7,
        inputs: [{ name: 'old', datatype: 'FP64', shape: [1] }],
        parameters: { ...(uri === undefined ? {} : { uri }), extra: { a: 1 } },
      })
      const settings = await read({ path: join(folder, 'models/n') }, 'n__isvc-1')
      assert.equal(settings.name, 'n__isvc-1')
      assert.equal(settings.uri, join(folder, joined))
      assert.equal(settings.implementation, './model.ts:Sum')
      assert.equal(settings.maxBatchSize, 7)
      assert.equal(settings.settingsFile, join(folder, 'models/n/model-settings.json'))
      assert.deepEqual(settings.extra, { a: 1 })
      assert.equal(settings.inputs[0]?.name, 'old')
    }
    const schema = await write('models/schema.json', SCHEMA)
    const replaced = await read({ path: join(folder, 'models/n'), key: keyOf({ schema_path: schema }) })
    assert.equal(replaced.inputs[0]?.name, 'x')
    await write('models/n/model-settings.json', { implementation: 'onnx', parameters: { uri: '../../x' } })
    await assert.rejects(read({ path: join(folder, 'models/n') }), /must lie in the model's folder/)
    await write('models/n/model-settings.json', '{"name": ')
    await assert.rejects(read({ path: join(folder, 'models/n') }), { code: 'INVALID_ARGUMENT' })
  })

  test('links to files and folders, and a folder as a whole', async t => {
    const { folder, read, write } = await bed(t)
    await write('elsewhere/m/model.bst', 'tree\n')
    await symlink(join(folder, 'elsewhere/m'), join(folder, 'models/linked'))
    await symlink(join(folder, 'elsewhere/m/model.bst'), join(folder, 'models/file.bst'))
    const whole = await read({ path: join(folder, 'models/linked'), key: keyOf({ model_type: 'lightgbm' }) })
    assert.equal(whole.uri, join(folder, 'models/linked'))
    const one = await read({ path: 'file.bst', key: keyOf({ model_type: 'lightgbm' }) })
    assert.equal(one.uri, join(folder, 'models/file.bst'))
  })

  test('paths that lead out, and that lead nowhere', async t => {
    const { folder, read, write } = await bed(t)
    await write('secret.joblib', 'x')
    const key = keyOf({ model_type: 'sklearn' })
    for (const path of [
      '../secret.joblib',
      join(folder, 'secret.joblib'),
      '/etc/passwd',
      `${folder}/models/../x`,
    ]) {
      await assert.rejects(read({ path, key }), {
        code: 'INVALID_ARGUMENT',
        message: /allowed are paths below/,
      })
    }
    await assert.rejects(read({ path: join(folder, 'models/none'), key }), {
      code: 'FAILED_PRECONDITION',
      message: /^model digits__isvc-0a1b2c3d4e: modelPath ".*" cannot be read: ENOENT$/,
    })
    await assert.rejects(read({ path: 'none', key }), {
      code: 'FAILED_PRECONDITION',
      message: /Predictor Storage field missing$/,
    })
    await assert.rejects(read({ path: '', key }), {
      code: 'INVALID_ARGUMENT',
      message: /modelPath is empty$/,
    })
    const path = await write('models/m.joblib', 'x')
    await assert.rejects(read({ path, key: keyOf({ model_type: 'sklearn', schema_path: '/etc/passwd' }) }), {
      code: 'INVALID_ARGUMENT',
    })
    const wrong = await write('models/schema.json', { inputs: [{ name: 'x', datatype: 'FP99', shape: [1] }] })
    await assert.rejects(read({ path, key: keyOf({ model_type: 'sklearn', schema_path: wrong }) }), /FP99/)
  })
})

suite('a storage', () => {
  test('S3 with credentials of the storage, and parameters over them', async t => {
    const requests: string[] = []
    const store = await startHttp(t, (request, response) => {
      requests.push(`${request.headers.authorization?.slice(0, 45)} ${request.url}`)
      const url = new URL(request.url ?? '', 'http://store')
      if (url.searchParams.get('list-type') !== '2') return sendFile(request, response, 'weights')
      const key = url.searchParams.get('prefix')
      response
        .setHeader('content-type', 'application/xml')
        .end(
          `<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>${key}</Key><Size>7</Size></Contents></ListBucketResult>`,
        )
    })
    const { read, write, models } = await bed(t)
    const stored = {
      type: 's3',
      access_key_id: 'theirs',
      secret_access_key: 's',
      endpoint_url: store.origin,
      region: 'us-south',
      bucket: 'models',
    }
    await write('config/store1', stored)
    const path = 'sk/digits.joblib'
    const key = { storage_key: 'store1', model_type: { name: 'sklearn' } }
    const settings = await read({ path, key: keyOf(key) })
    assert.match(settings.uri, /\/cache\/.*\/digits\.joblib$/)
    assert.match(requests[0] ?? '', /^AWS4-HMAC-SHA256 Credential=theirs.* \/models/)
    // The file of the storage is read anew, and other parameters are another place.
    await read({ path, key: keyOf({ ...key, storage_params: { bucket: 'others' } }) })
    assert.match(requests.at(-1) ?? '', / \/others/)
    await read({ path, key: keyOf({ ...key, bucket: 'older' }) })
    assert.match(requests.at(-1) ?? '', / \/older/)
    // Without a key: the default of the type, then the default, then the parameters alone.
    await write('config/default_s3', { ...stored, bucket: 'default-s3' })
    await read({ path, key: keyOf({ model_type: 'sklearn', storage_params: { type: 's3' } }) })
    assert.match(requests.at(-1) ?? '', / \/default-s3/)
    await write('config/default', { ...stored, bucket: 'default' })
    await read({ path, key: keyOf({ model_type: 'sklearn' }) })
    assert.match(requests.at(-1) ?? '', / \/default\//)
    const asked = requests.length
    const { signal } = new AbortController()
    assert.deepEqual(await models.preview('m', { type: 'x', path, key: keyOf(key) }, signal), {
      format: 'sklearn',
      diskSizeBytes: undefined,
      settings: undefined,
    })
    assert.equal(requests.length, asked)
    for (const bad of ['../up', 'a/../../b']) {
      await assert.rejects(read({ path: bad, key: keyOf(key) }), { code: 'FAILED_PRECONDITION' })
    }
  })

  test('HTTP with headers of its own, which no other host gets to see', async t => {
    const seen: (string | undefined)[] = []
    const other = await startHttp(t, (request, response) => {
      seen.push(`other ${String(request.headers['x-token'])}`)
      sendFile(request, response, 'weights')
    })
    const site = await startHttp(t, (request, response) => {
      seen.push(`site ${String(request.headers['x-token'])} ${request.url}`)
      if (request.url?.includes('moved'))
        response.writeHead(302, { location: `${other.origin}/m.joblib` }).end()
      else sendFile(request, response, 'weights')
    })
    const { read, write } = await bed(t)
    await write('config/web', { type: 'http', url: `${site.origin}/base`, headers: { 'X-Token': 'one' } })
    const key = { storage_key: 'web', model_type: 'sklearn' }
    assert.match((await read({ path: 'a b/m.joblib', key: keyOf(key) })).uri, /m\.joblib$/)
    assert.equal(seen[0], 'site one /base/a%20b/m.joblib')
    const params = { 'headers.X-Token': 'two' }
    await read({ path: 'moved/m.joblib', key: keyOf({ ...key, storage_params: params }) })
    assert.ok(seen.includes('site two /base/moved/m.joblib'))
    assert.ok(seen.includes('other undefined'))
    assert.ok(!seen.includes('other two'))
    await write('config/tls', { type: 'http', url: 'https://localhost', client_key: 'x' })
    await assert.rejects(read({ path: 'm', key: keyOf({ storage_key: 'tls' }) }), { code: 'UNIMPLEMENTED' })
  })

  test('a volume claim is a folder of this machine', async t => {
    const { folder, read, write } = await bed(t)
    const file = await write('claims/team-a/sk/m.joblib', 'x')
    const schema = await write('claims/team-a/sk/schema.json', SCHEMA)
    const key = {
      storage_params: { type: 'pvc', name: 'team-a' },
      model_type: 'sklearn',
      schema_path: 'sk/schema.json',
    }
    const settings = await read({ path: '/sk/m.joblib', key: keyOf(key) })
    assert.equal(settings.uri, file)
    assert.equal(settings.inputs[0]?.name, 'x')
    assert.ok(schema.startsWith(folder))
    for (const name of ['..', '.', 'a/b', '']) {
      const params = { type: 'pvc', name }
      await assert.rejects(read({ path: 'm', key: keyOf({ storage_params: params }) }), {
        code: 'INVALID_ARGUMENT',
      })
    }
  })

  test('what is missing, unknown or not fetched here', async t => {
    const { read, write } = await bed(t)
    await write('config/odd', { type: 'ftp' })
    await write('config/none', {})
    await write('config/half', { type: 's3', bucket: 'b', access_key_id: 'a' })
    await write('config/broken', '[1]')
    const mistakes: readonly (readonly [unknown, string, RegExp])[] = [
      [{ storage_key: 'x' }, 'FAILED_PRECONDITION', /: Did not find storage config for key x;/],
      [{ storage_key: '../x' }, 'INVALID_ARGUMENT', /storage_key is/],
      [{ storage_key: '..data' }, 'INVALID_ARGUMENT', /storage_key is/],
      [{ storage_key: 'odd' }, 'INVALID_ARGUMENT', /is of type "ftp"; allowed are s3, http and pvc/],
      [{ storage_key: 'none' }, 'INVALID_ARGUMENT', /the storage has no type/],
      [{ storage_key: 'half' }, 'INVALID_ARGUMENT', /both access_key_id and secret_access_key/],
      [{ storage_key: 'broken' }, 'INVALID_ARGUMENT', /expected an object/],
      [{ storage_params: { type: 's3' } }, 'INVALID_ARGUMENT', /of type s3 needs bucket/],
      [{ storage_params: { type: 's3', bucket: 'a/b' } }, 'INVALID_ARGUMENT', /bucket of the storage/],
      [{ storage_params: { type: 'gcs' } }, 'UNIMPLEMENTED', /not fetched from storages of type gcs/],
      [{ storage_params: { type: 'azure' } }, 'UNIMPLEMENTED', /not fetched from storages of type azure/],
      [{ storage_params: { type: 'http', url: 'file:///etc' } }, 'INVALID_ARGUMENT', /url of the storage/],
      [{ storage_params: { type: 3 } }, 'INVALID_ARGUMENT', /"type" must be a text/],
      [{ storage_params: { __proto__: null, type: '__proto__' } }, 'INVALID_ARGUMENT', /is of type/],
      [{ bucket: 'b' }, 'INVALID_ARGUMENT', /has no type/],
    ]
    for (const [key, code, message] of mistakes) {
      await assert.rejects(read({ path: 'm', key: keyOf(key) }), { code, message }, keyOf(key))
    }
  })
})

suite('hostile ids and keys', () => {
  test('are refused before anything is read', async t => {
    const { models } = await bed(t)
    const deep = `${'['.repeat(30_000)}${']'.repeat(30_000)}`
    const infos: readonly (readonly [string, Partial<MeshModelInfo>])[] = [
      ['', {}],
      ['..', {}],
      ['a\0b', {}],
      ['x'.repeat(257), {}],
      ['m', { key: '{' }],
      ['m', { key: '[]' }],
      ['m', { key: 'null' }],
      ['m', { key: deep }],
      ['m', { key: ' '.repeat(64 * 1024 + 1) }],
      ['m', { key: keyOf({ model_type: 7 }) }],
      ['m', { key: keyOf({ model_type: ['sklearn'] }) }],
      ['m', { key: keyOf({ model_type: { version: '1' } }) }],
      ['m', { key: keyOf({ schema_path: {} }) }],
      ['m', { key: keyOf({ schema_path: 'a\0' }) }],
      ['m', { key: keyOf({ storage_params: 'x' }) }],
      ['m', { key: keyOf({ storage_key: 1 }) }],
      ['m', { path: 'x'.repeat(4097) }],
      ['m', { path: 'a\0b' }],
      ['m', { type: 'x'.repeat(1025) }],
    ]
    for (const [id, info] of infos) {
      const all = { type: 'mt:x', path: 'p', key: '', ...info }
      assert.throws(
        () => models.add(id, all),
        { code: 'INVALID_ARGUMENT' },
        JSON.stringify([id, info]).slice(0, 80),
      )
    }
    assert.deepEqual(await models.list(), { found: [], broken: [] })
  })

  test('any key is read or refused with a code', async t => {
    const { models } = await bed(t)
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.json(), fc.string()), fc.string(), async (key, path) => {
        try {
          models.add('m', { type: 'mt:x', path, key })
          await models.find('m')
          return false
        } catch (error) {
          return error instanceof Error && 'code' in error && error.code !== 'NOT_FOUND'
        }
      }),
      { numRuns: 200 },
    )
  })
})

suite('beside another repository', () => {
  test('thousands are listed and found without a look at the disk or at the others', async t => {
    let finds = 0
    const base: ModelRepository = {
      list: async () => ({ found: [], broken: [] }),
      async find() {
        finds++
        return []
      },
    }
    const { folder, models, write } = await bed(t, { base })
    const path = await write('models/m.joblib', 'x')
    for (let index = 0; index < 10_000; index++) {
      models.add(`m${index}`, { type: 'mt:sklearn', path, key: '' })
    }
    await chmod(join(folder, 'models'), 0o000)
    const { found, onDemand = [] } = await models.list()
    assert.equal(found.length, 0)
    assert.equal(onDemand.length, 10_000)
    await chmod(join(folder, 'models'), 0o755)
    assert.equal((await models.find('m9999'))[0]?.name, 'm9999')
    assert.equal(finds, 0)
    assert.equal(models.remove('m9999'), true)
    assert.equal(models.remove('m9999'), false)
    assert.deepEqual(await models.find('m9999'), [])
    assert.equal(finds, 1)
    assert.deepEqual(models.infoOf('m1'), { type: 'mt:sklearn', path, key: '' })
  })
})

test('what was read for a load is not read again for it, and once only', async t => {
  const { models, write } = await bed(t)
  await write('models/one/model-settings.json', { implementation: 'onnx' })
  const info = { type: 'custom', path: 'one', key: '' }
  const { signal } = new AbortController()
  const implementations = async () => (await models.find('one')).map(({ implementation }) => implementation)
  models.add('one', info)
  const shown = models.infoOf('one')!
  await models.preview('one', shown, signal, { isForLoad: true })
  const change = (implementation: string) => write('models/one/model-settings.json', { implementation })
  await change('xgboost')
  // A load that begins later than at once reads again, as does every other one.
  assert.match((await implementations())[0]!, /onnx|xgboost/)
  assert.deepEqual(await implementations(), ['xgboost'])

  await models.preview('one', shown, signal)
  await change('lightgbm')
  assert.deepEqual(await implementations(), ['lightgbm'])

  // Of a model that has been registered anew, nothing counts that was read before.
  await models.preview('one', shown, signal, { isForLoad: true })
  await change('onnx')
  models.add('one', info)
  assert.deepEqual(await implementations(), ['onnx'])
})
