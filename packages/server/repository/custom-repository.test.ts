import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, suite, test } from 'node:test'
import { type CustomRepositoryOptions, createCustomRepository } from './custom-repository.ts'

let base = ''
let root = ''
let workingDirectory = ''
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'custom-repository-'))
  root = join(base, 'models')
  workingDirectory = join(base, 'working')
  await mkdir(root)
  await mkdir(workingDirectory)
})
afterEach(() => rm(base, { recursive: true }))

const IMPLEMENTATION = './repository.ts:Own'
const AT = `model_repository_implementation '${IMPLEMENTATION}'`

async function repository(code: string, options: Partial<CustomRepositoryOptions> = {}, folder = root) {
  await writeFile(join(folder, 'repository.ts'), `${code}\n// ${randomUUID()}`)
  return createCustomRepository({
    implementation: IMPLEMENTATION,
    root,
    args: {},
    environment: {},
    workingDirectory,
    ...options,
  })
}

const own = (list: string, find = list) => `export class Own {
  constructor(options) { this.options = options }
  async list() { ${list} }
  async find(name) { ${find} }
}`

test('objects like settings files, from a constructor that gets root and arguments', async () => {
  const models = await repository(
    own(
      `return [
        { name: 'a', folder: 'x/y', implementation: './model.ts', parameters: { uri: 'w.bin', version: '1' } },
        { implementation: 'onnx', folder: this.options.region + '/b', max_batch_size: 4 },
        { name: 'c', implementation: 'onnx' },
        { name: 'd', parameters: { extra: this.options } },
      ]`,
      `return (await this.list()).find(model => model.name === name)`,
    ),
    {
      args: { region: 'eu', root: 'not this' },
      environment: { MLSERVER_MODEL_IMPLEMENTATION: 'onnx' },
    },
  )
  const { found, broken } = await models.list()
  assert.deepEqual(broken, [])
  assert.deepEqual(
    found.map(({ name, version, folder, uri, maxBatchSize, settingsFile }) => [
      name,
      version,
      folder,
      uri,
      maxBatchSize,
      settingsFile,
    ]),
    [
      ['a', '1', join(root, 'x/y'), join(root, 'x/y/w.bin'), 0, undefined],
      ['b', undefined, join(root, 'eu/b'), join(root, 'eu/b'), 4, undefined],
      ['c', undefined, root, '', 0, undefined],
      ['d', undefined, root, '', 0, undefined],
    ],
  )
  assert.deepEqual(found[3]?.extra, { region: 'eu', root })
  assert.equal(found[3]?.implementationOrigin, 'environment MLSERVER_MODEL_IMPLEMENTATION')
  assert.equal((await models.find('c'))[0]?.name, 'c')
  assert.deepEqual(await models.find('unknown'), [])
})

test('a class in the working directory, for a root that is a URI', async () => {
  const code = own(`return [{ name: this.options.root, implementation: 'onnx' }]`)
  const models = await repository(code, { root: 'db://models' }, workingDirectory)
  const { found } = await models.list()
  assert.deepEqual([found[0]?.name, found[0]?.folder], ['db://models', workingDirectory])
})

test('what is wrong with one model is told of that model', async () => {
  const models = await repository(
    own(`const good = { name: 'good', implementation: 'onnx' }
      return [good, { name: 'bad', implementation: 'onnx', max_batch_size: 'many' }, 7, { name: 'x' }, good,
        { name: 'f', implementation: 'onnx', folder: 1 }]`),
  )
  const { found, broken } = await models.list()
  assert.deepEqual(
    found.map(({ name }) => name),
    ['good'],
  )
  const at = (index: number) => `${AT}, list()[${index}]`
  assert.deepEqual(
    broken.map(({ path, name, error }) => [path, name, error.message]),
    [
      [at(1), 'bad', `${at(1)}: max_batch_size is "many"; allowed is a whole number from -1 to 1000000`],
      [at(2), '', `${at(2)}: it must be an object like model-settings.json`],
      [
        at(3),
        'x',
        `${at(3)}: implementation is missing, and no file shows what the model is; name the class in the file, as in "./model.ts:Sum", or in MLSERVER_MODEL_IMPLEMENTATION`,
      ],
      [at(4), 'good', `${at(4)}: model 'good' of this version is there already`],
      [at(5), 'f', `${at(5)}: folder is 1; allowed is a path`],
    ],
  )
  await assert.rejects(models.find('bad'), {
    code: 'INVALID_ARGUMENT',
    message: `${AT}, find()[1]: max_batch_size is "many"; allowed is a whole number from -1 to 1000000`,
  })
})

suite('what is wrong with the class is told of the setting', () => {
  const mistakes: Record<string, readonly [code: string, implementation: string, message: RegExp]> = {
    'no file': ['', './other.ts:Own', /'\.\/other\.ts:Own': there is no file .*working\/other\.ts$/],
    'no export': ['export class Owm {}', IMPLEMENTATION, /there is no export 'Own'; .*'Owm'/],
    'no class': ['export const Own = 7', IMPLEMENTATION, /the export is no class$/],
    'no method': ['export class Own { list() {} }', IMPLEMENTATION, /it has no method find\(\)$/],
    'a constructor that throws': [
      "export class Own { constructor() { throw new Error('no database') } }",
      IMPLEMENTATION,
      /its constructor failed: no database$/,
    ],
    'a list that throws': [
      own("throw new Error('no database')"),
      IMPLEMENTATION,
      /: list\(\) failed: no database$/,
    ],
    'a list that is none': [own('return {}'), IMPLEMENTATION, /list\(\) must answer with a list of objects$/],
    'a list without end': [
      own('return new Promise(() => {})'),
      IMPLEMENTATION,
      /: list\(\) took longer than 0\.05 s$/,
    ],
    'a Python class': ['', 'my_repo.Repository', /is a Python class; a repository is written as/],
  }
  for (const [title, [code, implementation, message]] of Object.entries(mistakes)) {
    test(title, async () => {
      const models = await repository(code, { implementation, callTimeoutMs: 50 })
      await assert.rejects(models.list(), error => {
        assert.ok(error instanceof Error)
        assert.match(error.message, message)
        assert.match(error.message, /model_repository_implementation/)
        return true
      })
    })
  }

  test('an answer of another name', async () => {
    const models = await repository(own('return []', "return { name: 'other', implementation: 'onnx' }"))
    await assert.rejects(models.find('m'), { message: `${AT}: find("m") answers with 'other'` })
  })

  test('until it is mended', async () => {
    const models = await repository('export class Own {{{')
    await assert.rejects(models.list())
    await repository(own("return [{ name: 'm', implementation: 'onnx' }]"))
    assert.equal((await models.list()).found.length, 1)
  })
})
