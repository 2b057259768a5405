import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { modelFile } from './model-file.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'model-file-'))
})
afterEach(() => rm(folder, { recursive: true }))

const WELL_KNOWN = ['model.joblib', 'model.pickle']
const find = (uri: string, names = WELL_KNOWN) => modelFile({ name: 'iris', uri, folder }, names)

function refuses(message: string): { code: string; httpStatus: number; message: string } {
  return { code: 'FAILED_PRECONDITION', httpStatus: 422, message }
}

test('without a URI there is no file', async () => {
  await assert.rejects(find(''), refuses('Invalid URI specified for model iris'))
})

test('a URI of another scheme comes back as it is', async () => {
  for (const uri of ['s3://bucket/key', 'gs://bucket/key', 'hdfs:/path']) assert.equal(await find(uri), uri)
})

test('a file, however it is written', async () => {
  await mkdir(join(folder, 'dir'))
  const path = join(folder, 'dir/my 100%.bin')
  await writeFile(path, '')
  const forms = [
    path,
    `file:${path}`,
    `file://${path}`,
    `file://localhost${path}`,
    'dir/my 100%.bin',
    './dir/my 100%.bin',
    'dir/../dir/my 100%.bin',
    'file:dir/my 100%.bin',
    'file:./dir/my 100%.bin',
  ]
  for (const uri of forms) assert.equal(await find(uri), path, uri)
})

test("a relative path begins in the settings' folder, wherever that is", async () => {
  await writeFile(join(folder, 'my.bin'), '')
  const settings = { name: 'iris', uri: 'my.bin', folder: join(relative('.', folder), 'dir/..') }
  assert.equal(await modelFile(settings, []), join(folder, 'my.bin'))
})

test('in a folder the first well-known name that is there', async () => {
  await writeFile(join(folder, 'model.pickle'), '')
  assert.equal(await find(folder), join(folder, 'model.pickle'))
  await writeFile(join(folder, 'model.joblib'), '')
  assert.equal(await find(folder), join(folder, 'model.joblib'))
  assert.equal(await find('.', ['model.pickle', 'model.joblib']), join(folder, 'model.pickle'))
})

test('a folder without any of them stands for itself', async () => {
  assert.equal(await find(folder), folder)
  assert.equal(await find(folder, []), folder)
})

test('nothing there', async () => {
  const path = join(folder, 'missing')
  await assert.rejects(find('missing'), refuses(`Invalid URI specified for model iris (${path})`))
  await assert.rejects(find(`file:${path}`), refuses(`Invalid URI specified for model iris (${path})`))
  await assert.rejects(find('/dev/null'), refuses('Invalid URI specified for model iris (/dev/null)'))
})
