import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { createFileRepository } from './file-repository.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'file-'))
})
afterEach(() => rm(folder, { recursive: true }))

test('a file is one model, named after it', async () => {
  const path = join(folder, 'iris.onnx')
  await writeFile(path, '')
  const repository = createFileRepository(path, { MLSERVER_MODEL_MAX_BATCH_SIZE: '8' })
  const { found, broken } = await repository.list()
  assert.deepEqual(broken, [])
  assert.deepEqual(
    found.map(({ name, uri, implementation, maxBatchSize }) => [name, uri, implementation, maxBatchSize]),
    [['iris', path, '@millrace/onnx:OnnxModel', 8]],
  )
  assert.equal((await repository.find('iris')).length, 1)
  assert.deepEqual(await repository.find('other'), [])
})

test('a file that is called model has the name of its folder', async () => {
  await mkdir(join(folder, 'income'))
  const path = join(folder, 'income/model.txt')
  await writeFile(path, 'tree\nversion=v4\n')
  const { found } = await createFileRepository(path, {}).list()
  assert.equal(found[0]?.name, 'income')
})

test('a file that shows no model is told of', async () => {
  const path = join(folder, 'notes.md')
  await writeFile(path, 'notes')
  const repository = createFileRepository(path, {})
  const { broken } = await repository.list()
  assert.match(
    broken[0]?.error.message ?? '',
    /notes\.md shows no model; a file is served alone if it ends in \.onnx/,
  )
  await assert.rejects(repository.find('notes'), { code: 'INVALID_ARGUMENT' })
})

test('a file that has gone is told of as that', async () => {
  const path = join(folder, 'iris.ubj')
  const { broken } = await createFileRepository(path, {}).list()
  assert.equal(broken[0]?.error.message, `${path} cannot be read: ENOENT`)
})
