import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { findModelFile } from './model-file.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-model-file-'))
})

afterEach(() => rm(folder, { recursive: true }))

function find(uri: string): Promise<string> {
  return findModelFile({ name: 'iris', uri, folder })
}

async function fill(...names: readonly string[]): Promise<void> {
  for (const name of names) await writeFile(join(folder, name), '')
}

function failsWith(message: string): { code: string; message: string } {
  return { code: 'FAILED_PRECONDITION', message }
}

test('a path to a file is that file, whatever its name', async () => {
  await fill('weights.bin')
  assert.equal(await find(join(folder, 'weights.bin')), join(folder, 'weights.bin'))
})

test('a relative path begins in the folder of the settings', async () => {
  await fill('with space.onnx')
  for (const uri of ['with space.onnx', './with space.onnx', 'file:with space.onnx'])
    assert.equal(await find(uri), join(folder, 'with space.onnx'))
})

test('model.onnx is preferred in a folder', async () => {
  await fill('encoder.onnx', 'model.onnx', 'model-settings.json')
  assert.equal(await find(folder), join(folder, 'model.onnx'))
})

test('the only .onnx file of a folder is taken, also when it is a symbolic link', async () => {
  await fill('data', 'train.py')
  await symlink('data', join(folder, 'iris.onnx'))
  await mkdir(join(folder, 'not-a-file.onnx'))
  assert.equal(await find(folder), join(folder, 'iris.onnx'))
})

test('several .onnx files without model.onnx are a question to the operator', async () => {
  await fill('a.onnx', 'b.onnx')
  await assert.rejects(
    find(folder),
    failsWith(
      `folder '${folder}' has no model.onnx but 2 other .onnx files: a.onnx, b.onnx; name one of them in parameters.uri`,
    ),
  )
})

test('a folder without a model says what it holds', async () => {
  await assert.rejects(
    find(folder),
    failsWith(`folder '${folder}' has no model.onnx and no other .onnx file; it holds nothing`),
  )
  await fill('model.pt', 'model-settings.json')
  await assert.rejects(
    find(folder),
    failsWith(
      `folder '${folder}' has no model.onnx and no other .onnx file; it holds model-settings.json, model.pt`,
    ),
  )
})

test('a long listing is cut', async () => {
  await fill(...Array.from({ length: 13 }, (_, index) => `part-${index + 10}`))
  await assert.rejects(find(folder), /it holds part-10, .*part-19 and 3 more$/)
})

test('a path that leads nowhere is named', async () => {
  const file = join(folder, 'model.onnx')
  await assert.rejects(find(file), failsWith(`Invalid URI specified for model iris (${file})`))
})

test('what is neither a file nor a folder is refused', async () => {
  await assert.rejects(find('/dev/null'), failsWith('Invalid URI specified for model iris (/dev/null)'))
})

test('a remote URI is refused', async () => {
  await assert.rejects(
    find('s3://bucket/model.onnx'),
    failsWith("parameters.uri is 's3://bucket/model.onnx'; allowed is a local path or a file: URL"),
  )
})
