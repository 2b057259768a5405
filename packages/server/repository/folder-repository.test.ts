import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { createFolderRepository } from './folder-repository.ts'

let base = ''
let root = ''
let workingDirectory = ''
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'repository-'))
  root = join(base, 'models')
  workingDirectory = join(base, 'working')
  await mkdir(root)
  await mkdir(workingDirectory)
})
afterEach(() => rm(base, { recursive: true }))

async function place(folder: string, content: object | string): Promise<string> {
  const path = join(root, folder, 'model-settings.json')
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

const repository = (environment: Record<string, string> = {}) =>
  createFolderRepository({ root, environment, workingDirectory })

async function list(environment?: Record<string, string>) {
  const { found, broken } = await repository(environment).list()
  return {
    models: found.map(({ name, version }) => (version === undefined ? name : `${name}:${version}`)),
    broken: broken.map(({ path, name, error }) => [path, name, error.message]),
    found,
  }
}

const implementation = './model.ts'

test('layouts: one model, two models, two versions', async () => {
  await place('', { name: 'single', implementation })
  assert.deepEqual((await list()).models, ['single'])
  await rm(join(root, 'model-settings.json'))

  await place('b', { implementation })
  await place('a', { implementation })
  assert.deepEqual((await list()).models, ['a', 'b'])
  await rm(join(root, 'a'), { recursive: true })
  await rm(join(root, 'b'), { recursive: true })

  await place('m/2', { name: 'm', implementation, parameters: { version: '2' } })
  await place('m/1', { name: 'm', implementation, parameters: { version: '1' } })
  assert.deepEqual((await list()).models, ['m:1', 'm:2'])
  assert.deepEqual(
    (await repository().find('m')).map(settings => settings.version),
    ['1', '2'],
  )
  assert.deepEqual(await repository().find('other'), [])
})

test('the folder gives name and uri where the file gives none', async () => {
  const path = await place('team/fraud', { implementation })
  const { found } = await list()
  const folder = dirname(path)
  assert.deepEqual(
    [found[0]?.name, found[0]?.uri, found[0]?.folder, found[0]?.settingsFile],
    ['fraud', folder, folder, path],
  )
})

test('each call looks anew', async () => {
  const models = repository()
  assert.deepEqual((await models.list()).found, [])
  await place('a', { implementation })
  assert.equal((await models.find('a')).length, 1)
  await rm(join(root, 'a'), { recursive: true })
  assert.equal((await models.find('a')).length, 0)
})

test('a broken file is reported with the name it claims, and the others load', async () => {
  const bad = await place('bad', '{"name": "m",}')
  const wrong = await place('wrong', { name: 'w', implementation, max_batch_size: 'many' })
  const link = join(root, 'linked/model-settings.json')
  await mkdir(dirname(link))
  await symlink('missing', link)
  await place('good', { implementation })
  const { models, broken } = await list()
  assert.deepEqual(models, ['good'])
  assert.deepEqual(broken, [
    [bad, 'bad', `${bad}, line 1, column 14: expected a name in double quotes, found "}"`],
    [link, 'linked', `${link} is a link that leads nowhere`],
    [wrong, 'w', `${wrong}: max_batch_size is "many"; allowed is a whole number from -1 to 1000000`],
  ])
  assert.equal((await repository().find('good')).length, 1)
  await assert.rejects(repository().find('w'), { code: 'INVALID_ARGUMENT', message: broken[2]![2]! })
})

test('two files of one name and version: the second is broken, and both are named', async () => {
  const first = await place('a', { name: 'm', implementation, parameters: { version: '1' } })
  const second = await place('b', { name: 'm', implementation, parameters: { version: '1' } })
  await place('c', { name: 'm', implementation })
  const fourth = await place('d', { name: 'm', implementation, parameters: { version: '' } })
  const { models, broken } = await list()
  assert.deepEqual(models, ['m:1', 'm'])
  const advice = 'give one of them another name or another parameters.version'
  assert.deepEqual(broken, [
    [second, 'm', `${second} describes model 'm', version '1', which ${first} describes already; ${advice}`],
    [
      fourth,
      'm',
      `${fourth} describes model 'm' without a version, which ${join(root, 'c/model-settings.json')} describes already; ${advice}`,
    ],
  ])
})

test('a name that is not that of the folder, nor the folder the version, is a warning', async () => {
  const path = await place('a', { name: 'b', implementation })
  await place('m/1', { name: 'm', implementation, parameters: { version: '1' } })
  await place('same', { name: 'same', implementation })
  const { found } = await list()
  assert.deepEqual(
    found.map(settings => settings.warnings),
    [[`${path}: the name 'b' differs from that of its folder`], [], []],
  )
})

test('without any settings file the environment may describe a model', async () => {
  const environment = {
    MLSERVER_MODEL_IMPLEMENTATION: 'onnx',
    MLSERVER_MODEL_NAME: 'iris',
    MLSERVER_MODEL_URI: '/mnt/models',
    MLSERVER_MODEL_VERSION: '3',
    MLSERVER_MODEL_MAX_BATCH_SIZE: '8',
  }
  const { found } = await list(environment)
  const [settings] = found
  assert.deepEqual(
    [
      settings?.name,
      settings?.version,
      settings?.uri,
      settings?.maxBatchSize,
      settings?.folder,
      settings?.settingsFile,
    ],
    ['iris', '3', '/mnt/models', 8, workingDirectory, undefined],
  )
  assert.equal(settings?.implementationOrigin, 'environment MLSERVER_MODEL_IMPLEMENTATION')
  assert.equal((await repository(environment).find('iris')).length, 1)
})

test('its relative uri begins in the working directory; without one it has none', async () => {
  const environment = { MLSERVER_MODEL_IMPLEMENTATION: 'onnx', MLSERVER_MODEL_NAME: 'iris' }
  assert.equal(
    (await list({ ...environment, MLSERVER_MODEL_URI: 'x' })).found[0]?.uri,
    join(workingDirectory, 'x'),
  )
  assert.equal((await list(environment)).found[0]?.uri, '')
})

test('.env may describe it too', async () => {
  await writeFile(
    join(workingDirectory, '.env'),
    'MLSERVER_MODEL_IMPLEMENTATION=onnx\nMLSERVER_MODEL_NAME=iris',
  )
  assert.deepEqual((await list()).models, ['iris'])
})

test('it goes as soon as a settings file is there, even a broken one', async () => {
  const environment = { MLSERVER_MODEL_IMPLEMENTATION: 'onnx', MLSERVER_MODEL_NAME: 'dummy-model' }
  assert.deepEqual((await list(environment)).models, ['dummy-model'])
  const path = await place('a', '{')
  assert.deepEqual((await list(environment)).models, [])
  await writeFile(path, '{"name":"a"}')
  const { models, found } = await list(environment)
  assert.deepEqual(models, ['a'])
  assert.equal(found[0]?.implementation, 'onnx')
})

test('other variables alone describe no model; one without a name is broken', async () => {
  assert.deepEqual((await list({ MLSERVER_MODEL_NAME: 'dummy-model' })).models, [])
  assert.deepEqual((await list({ MLSERVER_MODEL_IMPLEMENTATION: 'onnx' })).broken, [
    [
      'environment',
      '',
      'environment: name is missing; a model without settings file is named by MLSERVER_MODEL_NAME',
    ],
  ])
})

test('a missing folder is broken, unless a model needs none', async () => {
  await rm(root, { recursive: true })
  assert.deepEqual((await list()).broken, [
    [root, 'models', `model repository ${root} is not a folder, or does not exist`],
  ])
  const { models, broken } = await list({
    MLSERVER_MODEL_IMPLEMENTATION: 'onnx',
    MLSERVER_MODEL_NAME: 'iris',
  })
  assert.deepEqual([models, broken], [['iris'], []])
})

test('too many folders: no half-read list', async () => {
  await place('a', { implementation })
  const small = createFolderRepository({
    root,
    environment: {},
    workingDirectory,
    limits: { maxDepth: 16, maxFolders: 1 },
  })
  await assert.rejects(small.list(), { code: 'RESOURCE_EXHAUSTED' })
})

async function placeFile(path: string, content = ''): Promise<string> {
  const full = join(root, path)
  await mkdir(dirname(full), { recursive: true })
  await writeFile(full, content)
  return full
}

test('folders without settings are models if their files show it', async () => {
  await placeFile('a/model.onnx')
  await placeFile('iris/1/model.onnx')
  await placeFile('iris/2/model.onnx')
  await placeFile('words/config.json', '{"model_type":"bert"}')
  await placeFile('words/onnx/model.onnx')
  await placeFile('two/a.onnx')
  await placeFile('two/b.onnx')
  await placeFile('text/notes.txt', 'nothing')
  await place('b', { implementation })
  await placeFile('b/artefacts/model.onnx')
  await place('c', { implementation, parameters: { uri: '../shared/model.bst' } })
  await placeFile('shared/model.bst', 'tree\n')
  await placeFile('shared/model.onnx')

  const { models, found, broken } = await list()
  assert.deepEqual(models, ['b', 'c', 'a', 'iris:1', 'iris:2', 'words'])
  assert.deepEqual(broken, [])
  const a = found.find(({ name }) => name === 'a')
  assert.equal(a?.implementation, '@millrace/onnx:OnnxModel')
  assert.equal(a.uri, join(root, 'a/model.onnx'))
  assert.equal(a.recognisedBy, 'model.onnx ends in .onnx')

  // Variables that describe a model leave no room for others.
  assert.deepEqual((await list({ MLSERVER_MODEL_IMPLEMENTATION: implementation })).models, ['b', 'c'])
})

test('settings without implementation are completed by the files', async () => {
  await place('a', { name: 'boosted', parameters: { uri: './files' } })
  await placeFile('a/files/model.bst', 'tree\nversion=v4\n')
  await place('b', { name: 'unknown' })
  const { found, broken } = await list()
  assert.deepEqual(
    found.map(({ name, implementation: text, uri }) => [name, text, uri]),
    [['boosted', '@millrace/lightgbm:LightgbmModel', join(root, 'a/files/model.bst')]],
  )
  assert.match(broken[0]?.[2] ?? '', /implementation is missing, and no file shows what the model is/)
})

test('a folder whose files fit several models is told of once, unless a model with settings reads from it', async () => {
  const warnings: string[] = []
  const log = { debug() {}, info() {}, error() {}, warn: (message: string) => void warnings.push(message) }
  for (const path of ['both/a.onnx', 'both/b.onnx', 'weights/a.onnx', 'weights/b.onnx']) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), '')
  }
  await place('one', { implementation, parameters: { uri: '../weights/a.onnx' } })
  const told = createFolderRepository({ root, environment: {}, workingDirectory, log })
  for (const _ of [1, 2]) assert.equal((await told.list()).found.length, 1)
  assert.deepEqual(warnings, [
    `${join(root, 'both')} holds several models: a.onnx, b.onnx; name one of them in a model-settings.json as ` +
      'parameters.uri, or give each a folder; until then it is not served',
  ])
})

test('found by folder: the model in the folder of its name, without a look at the others', async () => {
  const limits = { maxDepth: 16, maxFolders: 3 }
  const byFolder = createFolderRepository({
    root,
    environment: {},
    workingDirectory,
    limits,
    findsByFolder: true,
  })
  const names = async (name: string) =>
    (await byFolder.find(name)).map(({ folder }) => relative(root, folder))
  await place('plain', { name: 'plain', implementation })
  await place('named', { name: 'other', implementation })
  await place('versions', { name: 'versions', implementation, parameters: { version: '1' } })
  const tooMany = /more than 3 folders/
  assert.deepEqual(await names('plain'), ['plain'])
  // Whatever does not stand in the folder of its name may stand anywhere, and so may other versions.
  for (const name of ['other', 'named', 'versions', '..', '../models/plain', 'plain/../plain', 'nothing']) {
    await assert.rejects(byFolder.find(name), tooMany)
  }
  await place('plain', '{')
  await assert.rejects(byFolder.find('plain'), tooMany)
})

test('found by folder: what is wrong with it is told', async () => {
  const byFolder = createFolderRepository({ root, environment: {}, workingDirectory, findsByFolder: true })
  const path = await place('broken', '{')
  await assert.rejects(byFolder.find('broken'), { message: new RegExp(path) })
})

test('a class in the environment without a name is for the models of a mesh, where there is one', async () => {
  const environment = { MLSERVER_MODEL_IMPLEMENTATION: implementation }
  assert.match(String((await list(environment)).broken), /name is missing/)
  const served = createFolderRepository({ root, environment, workingDirectory, isServedToMesh: true })
  assert.deepEqual(await served.list(), { found: [], broken: [] })
  const named = { ...environment, MLSERVER_MODEL_NAME: 'one' }
  const { found } = await createFolderRepository({
    root,
    environment: named,
    workingDirectory,
    isServedToMesh: true,
  }).list()
  assert.deepEqual(
    found.map(({ name }) => name),
    ['one'],
  )
})
