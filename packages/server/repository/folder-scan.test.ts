import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { scanFolder } from './folder-scan.ts'

let root = ''
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'scan-'))
})
afterEach(() => rm(root, { recursive: true }))

async function place(...folders: string[]): Promise<void> {
  for (const folder of folders) {
    const path = join(root, folder, 'model-settings.json')
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, '{}')
  }
}

async function scan(...limits: Parameters<typeof scanFolder> extends [string, (infer L)?] ? L[] : never) {
  const { files, unreadable } = await scanFolder(root, ...limits)
  return { folders: files.map(file => relative(root, dirname(file))), unreadable }
}

test('finds files at any depth, in the order of their paths', async () => {
  await place('b/2', 'b/1', 'a', '', 'c/d/e/f')
  assert.deepEqual((await scan()).folders, ['a', 'b/1', 'b/2', 'c/d/e/f', ''])
})

test('leaves out node_modules and folders with a dot, but looks into such a root', async () => {
  await place('a', 'node_modules/x', 'a/node_modules/x', '.git/x', '..data/x')
  assert.deepEqual((await scan()).folders, ['a'])
  const { files } = await scanFolder(join(root, '.git'))
  assert.equal(files.length, 1)
})

test('follows linked folders and files', async () => {
  await place('store/x/deep', '.hidden')
  await mkdir(join(root, 'models'))
  await symlink('../store/x', join(root, 'models/linked'))
  await mkdir(join(root, 'mounted'))
  await symlink('../.hidden/model-settings.json', join(root, 'mounted/model-settings.json'))
  assert.deepEqual((await scan()).folders, ['models/linked/deep', 'mounted', 'store/x/deep'])
})

test('does not follow a link into a folder that holds it', async () => {
  await place('a/b')
  await symlink('..', join(root, 'a/b/up'))
  await symlink('.', join(root, 'a/self'))
  await symlink(root, join(root, 'a/root'))
  assert.deepEqual(await scan(), { folders: ['a/b'], unreadable: [] })
})

test('a link that leads nowhere is nothing, unless it is a settings file', async () => {
  await mkdir(join(root, 'a'))
  await symlink('missing', join(root, 'a/model.bin'))
  await symlink('missing', join(root, 'a/model-settings.json'))
  assert.deepEqual((await scan()).folders, ['a'])
})

test('says so where it does not look deeper', async () => {
  await place('1', '1/2', '1/2/3')
  const { folders, unreadable } = await scan({ maxDepth: 2, maxFolders: 100 })
  assert.deepEqual(folders, ['1/2', '1'])
  assert.deepEqual(
    unreadable.map(({ path, error }) => [path, error.code, error.message]),
    [
      [
        join(root, '1/2/3'),
        'RESOURCE_EXHAUSTED',
        `${join(root, '1/2/3')} lies more than 2 folders below ${root}; models further down are not looked for`,
      ],
    ],
  )
})

const tooMany = (count: number) => ({
  code: 'RESOURCE_EXHAUSTED',
  message: `model repository ${root} has more than ${count} folders; keep only models in it, or look for links that multiply them`,
})

test('stops at too many folders, also when links multiply a few', async () => {
  await place('1', '2')
  assert.deepEqual((await scan({ maxDepth: 16, maxFolders: 3 })).folders, ['1', '2'])
  await assert.rejects(scan({ maxDepth: 16, maxFolders: 2 }), tooMany(2))
  const names = Array.from({ length: 9 }, (_, index) => `folder-${index}`)
  for (const name of names) {
    await mkdir(join(root, name))
    for (const other of names) await symlink(`../${other}`, join(root, name, other))
  }
  await assert.rejects(scan({ maxDepth: 16, maxFolders: 1000 }), tooMany(1000))
})

test('a root that is no folder is an error', async () => {
  await writeFile(join(root, 'file'), '')
  for (const path of [join(root, 'missing'), join(root, 'file')]) {
    await assert.rejects(scanFolder(path), {
      code: 'NOT_FOUND',
      message: `model repository ${path} is not a folder, or does not exist`,
    })
  }
})
