import assert from 'node:assert/strict'
import { mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import type { ModelSettings } from '@millrace/sdk'
import { readModelFile } from './find-model-file.ts'

let scratch: string

before(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'lightgbm-file-'))
})

after(() => rm(scratch, { recursive: true }))

async function folderWith(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = join(scratch, name)
  await mkdir(folder)
  for (const [file, text] of Object.entries(files)) await writeFile(join(folder, file), text)
  return folder
}

async function find(uri: string): Promise<string> {
  const { file } = await readModelFile({ name: 'm', uri, folder: scratch } as ModelSettings)
  return file
}

test('a file is itself, whatever its name; file: URLs and relative paths too', async () => {
  const folder = await folderWith('file', { 'trees.dat': 'tree\n' })
  const file = join(folder, 'trees.dat')
  assert.equal(await find(file), file)
  assert.equal(await find(pathToFileURL(file).href), file)
  assert.equal(await find('file/trees.dat'), file)
})

test('in a folder model.bst goes before model.txt, and both before others', async () => {
  const both = await folderWith('both', { 'model.txt': '', 'model.bst': '', 'a.txt': 'tree\n' })
  assert.equal(await find(both), join(both, 'model.bst'))
  const one = await folderWith('one', { 'model.txt': '', 'a.txt': 'tree\n' })
  assert.equal(await find(one), join(one, 'model.txt'))
})

test('else the only .bst or .txt file that begins like a model', async () => {
  const only = await folderWith('only', {
    'requirements.txt': 'lightgbm\n',
    'churn.txt': 'tree\r\n',
    'churn.json': 'tree\n',
  })
  assert.equal(await find(only), join(only, 'churn.txt'))
  const none = await folderWith('none', { 'requirements.txt': 'lightgbm\n' })
  await assert.rejects(find(none), {
    code: 'FAILED_PRECONDITION',
    message: /has no model\.bst or model\.txt, and no other/,
  })
  const several = await folderWith('several', { 'a.bst': 'tree\n', 'b.txt': 'tree\n' })
  await assert.rejects(find(several), {
    code: 'FAILED_PRECONDITION',
    message: /several LightGBM models: a\.bst, b\.txt; name one/,
  })
})

test('what is not there, not here, or too large is refused', async () => {
  await assert.rejects(find(join(scratch, 'nowhere')), { code: 'FAILED_PRECONDITION' })
  await assert.rejects(find('s3://bucket/model.txt'), {
    code: 'FAILED_PRECONDITION',
    message: "parameters.uri is 's3://bucket/model.txt'; allowed is a local path or a file: URL",
  })
  const large = join(scratch, 'large.txt')
  await using handle = await open(large, 'w')
  // Sparse: it takes no room.
  await handle.truncate(2 ** 30 + 1)
  await assert.rejects(find(large), {
    code: 'FAILED_PRECONDITION',
    message: /has 1073741825 bytes; at most 1073741824 are allowed/,
  })
})
