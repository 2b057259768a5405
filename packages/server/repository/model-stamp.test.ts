import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { stampModel } from './model-stamp.ts'
import type { ModelVersionSettings } from './model-version-settings.ts'

async function startFolder(t: TestContext, paths: readonly string[]) {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-stamp-'))
  t.after(() => rm(folder, { recursive: true }))
  const write = async (path: string, text = path) => {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  for (const path of paths) await write(path)
  const settings = (values: Partial<ModelVersionSettings> = {}) =>
    ({
      name: 'm',
      version: '1',
      implementation: 'onnx',
      folder,
      uri: folder,
      warmUpFiles: [],
      parameters: {},
      ...values,
    }) as Partial<ModelVersionSettings> as ModelVersionSettings
  return { folder, write, settings }
}

test('a folder: every file in it, however deep, but not what is installed there', async t => {
  const { folder, write, settings } = await startFolder(t, ['a.onnx', 'deep/er/b.json'])
  const stamps = new Set<string | undefined>()
  const isNew = async (): Promise<boolean> => {
    const stamp = await stampModel(settings())
    assert.ok(stamp !== undefined)
    const before = stamps.size
    return stamps.add(stamp).size > before
  }
  assert.equal(await isNew(), true)
  assert.equal(await isNew(), false)
  await write('deep/er/b.json', 'longer than before')
  assert.equal(await isNew(), true)
  // The same size at another time.
  await utimes(join(folder, 'a.onnx'), 1, 1)
  assert.equal(await isNew(), true)
  await write('c.txt')
  assert.equal(await isNew(), true)
  for (const path of ['node_modules/p/index.js', '__pycache__/m.pyc', '.git/HEAD']) await write(path)
  assert.equal(await isNew(), false)
})

test('a file is the artefact alone, with the code and the warm-up requests of its model', async t => {
  const { folder, write, settings } = await startFolder(t, [
    'm.onnx',
    'other.onnx',
    'code/model.ts',
    'warm.json',
  ])
  const uri = join(folder, 'm.onnx')
  const bare = settings({ uri })
  const own = settings({ uri, folder: join(folder, 'code'), implementation: './model.ts:Own' })
  const far = settings({
    uri,
    implementation: `${join(folder, 'code/model.ts')}:Own`,
    folder: join(folder, 'none'),
  })
  const warm = settings({ uri, warmUpFiles: [join(folder, 'warm.json')] })
  const changedBy = async (path: string): Promise<readonly boolean[]> => {
    const all = [bare, own, far, warm]
    const before = await Promise.all(all.map(stampModel))
    await write(path, `${path} changed`)
    const after = await Promise.all(all.map(stampModel))
    return before.map((stamp, index) => stamp !== after[index])
  }
  assert.deepEqual(await changedBy('other.onnx'), [false, false, false, false])
  assert.deepEqual(await changedBy('code/lib/more.ts'), [false, true, false, false])
  assert.deepEqual(await changedBy('code/model.ts'), [false, true, true, false])
  assert.deepEqual(await changedBy('warm.json'), [false, false, false, true])
  assert.deepEqual(await changedBy('m.onnx'), [true, true, true, true])
})

test('the settings', async t => {
  const { settings } = await startFolder(t, ['m.onnx'])
  const stamps = await Promise.all(
    [
      settings(),
      settings({ name: 'n' }),
      settings({ version: '2' }),
      settings({ implementation: 'xgboost' }),
      settings({ parameters: { a: 1 } }),
      settings({ parameters: { a: 1n } }),
      settings({ placement: 'auto' }),
    ].map(stampModel),
  )
  assert.equal(new Set(stamps).size, stamps.length)
  assert.equal(await stampModel(settings({ parameters: { a() {} } })), undefined)
})

test('what cannot be told from a changed one has no stamp', async t => {
  const { folder, settings, write } = await startFolder(t, ['a/m.onnx'])
  assert.equal(await stampModel(settings({ uri: join(folder, 'gone') })), undefined)
  const many = settings({ uri: join(folder, 'a') })
  for (let file = 1; file < 1000; file++) await write(`a/${file}`)
  assert.notEqual(await stampModel(many), undefined)
  await write('a/deep/one-more')
  assert.equal(await stampModel(many), undefined)
})
