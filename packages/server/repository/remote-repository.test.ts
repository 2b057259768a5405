import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { createLogger } from '../base/index.ts'
import { createRepository } from './create-repository.ts'
import { createModelStager } from './sources/model-stager.ts'
import { sendFile, startHttp } from './sources/test/http-fixture.ts'
import { stagerBed, tarGzOf } from './sources/test/stager-bed.ts'

const settings = {
  modelRepositoryImplementation: undefined,
  modelRepositoryImplementationArgs: {},
  loadsModelsAtStartup: true,
}
const model = (name: string) => ({
  path: `${name}/model-settings.json`,
  text: JSON.stringify({ name, implementation: 'onnx', platform: randomUUID() }),
})

test('a repository behind a URI is a folder of its own, and comes anew with each model that is asked for', async t => {
  let archive = tarGzOf([model('a'), { path: 'settings.json', text: '{}' }])
  const { origin, requests } = await startHttp(t, (request, response) => sendFile(request, response, archive))
  const lines: string[] = []
  const { cacheFolder } = await stagerBed(t)
  const stager = createModelStager({ cacheFolder, maxBytes: 1e6, environment: {}, inUse: () => [] })
  const log = createLogger({ isStructured: false, level: 'warn', write: line => void lines.push(line) })
  const { signal } = new AbortController()
  const root = `${origin}/models.tar.gz`
  const repository = createRepository({ settings, root, environment: {}, stager, signal, log })

  const names = async () => (await repository.list()).found.map(({ name }) => name)
  assert.deepEqual(await names(), ['a'])
  assert.match(lines.join(''), /settings\.json of a repository behind a URI is not read/)
  archive = tarGzOf([model('a'), model('b')])
  const asked = requests.length
  assert.deepEqual(await names(), ['a'])
  assert.equal(requests.length, asked)
  const [found] = await repository.find('b')
  assert.ok(found?.folder.startsWith(cacheFolder))
  assert.deepEqual(await names(), ['a', 'b'])
})

test('a scheme that is no source', async t => {
  const { cacheFolder } = await stagerBed(t)
  const stager = createModelStager({ cacheFolder, maxBytes: 1, environment: {}, inUse: () => [] })
  const log = createLogger({ isStructured: false, level: 'silent' })
  const { signal } = new AbortController()
  const options = { settings, root: 'gs://bucket/models', environment: {}, stager, signal, log }
  assert.throws(() => createRepository(options), {
    code: 'INVALID_ARGUMENT',
    message:
      'the model repository is "gs://bucket/models"; allowed is a folder, or a URI that begins with s3://, https://, http:// or oci://',
  })
})
