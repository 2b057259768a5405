import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { artefactBytes, type ModelVersionSettings } from '../repository/index.ts'
import { createModelSizes } from './model-sizes.ts'

const MIB = 1024 * 1024

async function folderOf(t: TestContext, files: Readonly<Record<string, number>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'model-sizes-'))
  t.after(() => rm(folder, { recursive: true }))
  for (const [path, bytes] of Object.entries(files)) {
    await mkdir(join(folder, path, '..'), { recursive: true })
    await writeFile(join(folder, path), new Uint8Array(bytes))
  }
  return folder
}

function settingsOf(name: string, uri: string): ModelVersionSettings {
  // Sizes read nothing else.
  return { name, version: undefined, uri, folder: uri, implementation: 'same' } as ModelVersionSettings
}

const UNKNOWN = { statedBytes: undefined, grownBytes: undefined }

test('an artefact is its file, or its folder without programs and hidden files', async t => {
  const folder = await folderOf(t, {
    'model.bin': 1000,
    'parts/more.bin': 500,
    '.git/objects': 9000,
    'node_modules/x/index.js': 9000,
    '__pycache__/x.pyc': 9000,
  })
  await symlink(folder, join(folder, 'around'))
  await symlink(join(folder, 'model.bin'), join(folder, 'linked.bin'))
  assert.equal(await artefactBytes({ uri: folder, folder }), 2500)
  assert.equal(await artefactBytes({ uri: join(folder, 'model.bin'), folder }), 1000)
  assert.equal(await artefactBytes({ uri: '', folder: join(folder, 'parts') }), 500)
  assert.equal(await artefactBytes({ uri: 's3://bucket/model', folder }), 0)
})

test('what the model says counts before how its process grew, and that before its files', async t => {
  const settings = settingsOf('m', await folderOf(t, { 'model.bin': MIB }))
  const measured = (statedBytes: number | undefined, grownBytes: number | undefined) =>
    createModelSizes().measure(settings, { statedBytes, grownBytes })
  assert.deepEqual(await measured(5 * MIB, 9 * MIB), { bytes: 5 * MIB, measuredBy: 'runtime' })
  assert.deepEqual(await measured(undefined, 3 * MIB), { bytes: 3 * MIB, measuredBy: 'process' })
  const fromFiles = { bytes: 1.25 * MIB, measuredBy: 'files' }
  assert.deepEqual(await measured(undefined, undefined), fromFiles)
  // It has moved into memory that was there already.
  assert.deepEqual(await measured(undefined, MIB / 4), fromFiles)
  // Nothing is for free.
  assert.deepEqual(await measured(0, undefined), { bytes: 65_536, measuredBy: 'runtime' })
})

test('what is predicted was measured the last time, or follows from others of its kind', async t => {
  const folder = await folderOf(t, { 'model.bin': MIB })
  const sizes = createModelSizes()
  assert.equal(await sizes.predict(settingsOf('a', folder)), 1.25 * MIB)
  await sizes.measure(settingsOf('a', folder), { statedBytes: 4 * MIB, grownBytes: undefined })
  assert.equal(await sizes.predict(settingsOf('a', folder)), 4 * MIB)
  assert.equal(await sizes.predict(settingsOf('b', folder)), 4 * MIB)
  await sizes.measure(settingsOf('b', folder), { statedBytes: 8 * MIB, grownBytes: undefined })
  assert.equal(await sizes.predict(settingsOf('c', folder)), 5 * MIB)
  // Another artefact is another model.
  await writeFile(join(folder, 'model.bin'), new Uint8Array(2 * MIB))
  assert.equal(await sizes.predict(settingsOf('a', folder)), 10 * MIB)
  assert.deepEqual(await sizes.measure(settingsOf('d', folder), UNKNOWN), {
    bytes: 10 * MIB,
    measuredBy: 'files',
  })
})

test('the first growth of all has the library in it, which the next ones do not', async t => {
  const folder = await folderOf(t, { 'model.bin': MIB })
  const sizes = createModelSizes()
  const grows = (name: string, grownBytes: number) =>
    sizes.measure(settingsOf(name, folder), { statedBytes: undefined, grownBytes })
  await grows('a', 8 * MIB)
  assert.equal(await sizes.predict(settingsOf('new', folder)), 8 * MIB)
  await grows('b', MIB)
  assert.equal(await sizes.predict(settingsOf('new', folder)), MIB)
  await grows('c', 2 * MIB)
  assert.equal(await sizes.predict(settingsOf('new', folder)), 1.25 * MIB)
})

test('of small artefacts counts only what models say, and of that the least', async t => {
  const folder = await folderOf(t, { 'model.ts': 100, 'large/model.bin': MIB })
  const sizes = createModelSizes()
  await sizes.measure(settingsOf('a', join(folder, 'model.ts')), {
    statedBytes: undefined,
    grownBytes: 100 * MIB,
  })
  const small = settingsOf('b', join(folder, 'model.ts'))
  assert.equal(await sizes.predict(small), 65_536)
  for (const [name, bytes] of [
    ['c', 50],
    ['d', 30],
    ['e', 90],
  ] as const) {
    const said = { statedBytes: bytes * MIB, grownBytes: undefined }
    await sizes.measure(settingsOf(name, join(folder, 'model.ts')), said)
  }
  assert.equal(await sizes.predict(small), 30 * MIB)
  // What a large artefact takes follows from its size.
  assert.equal(await sizes.predict(settingsOf('f', join(folder, 'large'))), 1.25 * MIB)
})
