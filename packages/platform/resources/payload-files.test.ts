import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { listPayload, readResourceFiles } from './index.ts'

const root = await mkdtemp(join(tmpdir(), 'millrace-payload-'))
after(() => rm(root, { recursive: true }))
const folder = join(root, 'model')

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true })
  await writeFile(join(root, path), text)
}

await write('model/src/func_main.py', 'def f(): pass')
await write('model/src/lib/.hidden', 'h')
await write('model/src/lib/b.py', 'bb')
await write('model/requirements.txt', 'numpy')
await write('model/odd[1].txt', 'o')
await write('model/start.sh', '#!/bin/sh')
await chmod(join(folder, 'start.sh'), 0o755)
await write('secret.txt', 's')
await mkdir(join(folder, 'links'))
await symlink('../src/func_main.py', join(folder, 'links', 'inside.py'))
await mkdir(join(folder, 'traps'))
await symlink(join(root, 'secret.txt'), join(folder, 'traps', 'outside'))
await mkdir(join(folder, 'loop'))
await symlink('.', join(folder, 'loop', 'again'))
await mkdir(join(folder, 'broken'))
await symlink('nowhere', join(folder, 'broken', 'link'))

const payload = (patterns: readonly string[], variables = {}, limits = {}) =>
  listPayload(
    {
      payload: patterns.map((pattern, index) => ({
        pattern,
        place: { file: 'm.yaml', line: 4 + index, column: 5 },
      })),
      source: { folder, place: { file: 'm.yaml', line: 1, column: 1 } },
    },
    variables,
    limits,
  )
const paths = async (...patterns: string[]) => (await payload(patterns)).map(({ path }) => path)

test('files, folders and patterns, each file once, in order', async () => {
  assert.deepEqual(await payload(['src/', './requirements.txt', 'start.sh', 'src/func_main.py']), [
    { path: 'requirements.txt', file: join(folder, 'requirements.txt'), sizeBytes: 5, isExecutable: false },
    { path: 'src/func_main.py', file: join(folder, 'src/func_main.py'), sizeBytes: 13, isExecutable: false },
    { path: 'src/lib/.hidden', file: join(folder, 'src/lib/.hidden'), sizeBytes: 1, isExecutable: false },
    { path: 'src/lib/b.py', file: join(folder, 'src/lib/b.py'), sizeBytes: 2, isExecutable: false },
    { path: 'start.sh', file: join(folder, 'start.sh'), sizeBytes: 9, isExecutable: true },
  ])
  assert.deepEqual(await paths('./*.txt'), ['odd[1].txt', 'requirements.txt'])
  assert.deepEqual(await paths('src/**/*.py'), ['src/func_main.py', 'src/lib/b.py'])
  assert.deepEqual(await paths('s*'), ['src/func_main.py', 'src/lib/.hidden', 'src/lib/b.py', 'start.sh'])
  assert.deepEqual(await paths('src/{func_main,none}.py', 'odd[1].txt'), ['odd[1].txt', 'src/func_main.py'])
  assert.deepEqual(await paths('links'), ['links/inside.py'])
  assert.deepEqual(await paths(join(folder, 'src', 'lib', 'b.py')), ['src/lib/b.py'])
})

test('variables are filled in', async () => {
  const [file] = await payload(['$DIR/lib/${FILE}.py'], { DIR: 'src', FILE: 'b' })
  assert.equal(file?.path, 'src/lib/b.py')
})

test('nothing outside the folder gets in', async () => {
  for (const [pattern, reason] of [
    ['../secret.txt', /leads out of the folder/],
    ['src/../../secret.txt', /leads out of the folder/],
    [join(root, 'secret.txt'), /leads out of the folder/],
    ['../*', /leads out of the folder/],
    ['traps', /'traps\/outside' is a link that leads out/],
    ['traps/*', /'traps\/outside' is a link that leads out/],
    ['$OUT', /leads out of the folder/],
    ['loop', /'loop\/again' is a link to a folder that it lies in/],
    ['broken', /leads nowhere/],
    ['nothing.txt', /there is nothing of that name/],
    ['*.none', /no file has such a name/],
    ['$UNSET/x', /the variable UNSET is not set/],
  ] as const) {
    await assert.rejects(payload([pattern], { OUT: '../secret.txt' }), error => {
      const { message, code } = error as { message: string; code: string }
      assert.match(message, /^m\.yaml, line 4, column 5: payload '/)
      assert.match(message, reason)
      assert.equal(code, 'INVALID_ARGUMENT')
      return true
    })
  }
})

test('too many files or bytes are refused', async () => {
  await assert.rejects(payload(['src'], {}, { filesMax: 2 }), { code: 'RESOURCE_EXHAUSTED' })
  await assert.rejects(payload(['src'], {}, { sizeBytesMax: 15 }), { code: 'RESOURCE_EXHAUSTED' })
  assert.equal((await payload(['src'], {}, { filesMax: 3, sizeBytesMax: 16 })).length, 3)
})

test('a folder of resource files is read in an order that can be applied', async () => {
  await write(
    'apply/a-application.yaml',
    'kind: Application\nname: a\nsingular: {model: m:1, deployment-config: d}\n',
  )
  await write('apply/b.yml', 'kind: Model\nname: m\nruntime: r:1\n---\nkind: Model\nname: l\nruntime: r:1\n')
  await write('apply/deep/z.yaml', 'kind: DeploymentConfiguration\nname: d\n')
  await write('apply/.hidden.yaml', 'not: one')
  await write('apply/notes.txt', 'not: one')
  const { resources } = await readResourceFiles(join(root, 'apply'))
  assert.deepEqual(
    resources.map(({ name }) => name),
    ['d', 'm', 'l', 'a'],
  )
  assert.equal(resources[0]?.source.folder, join(root, 'apply', 'deep'))
  const single = await readResourceFiles(join(root, 'apply', 'b.yml'))
  assert.deepEqual(
    single.resources.map(({ name }) => name),
    ['m', 'l'],
  )
  await write('bad/one.yaml', 'kind: Model\n')
  await write('bad/two.yaml', 'kind: Mode\n')
  await assert.rejects(readResourceFiles(join(root, 'bad')), {
    code: 'INVALID_ARGUMENT',
    message: /bad\/one\.yaml, line 1[^]*bad\/two\.yaml, line 1/,
  })
  await assert.rejects(readResourceFiles(join(root, 'none')), { code: 'NOT_FOUND' })
  await assert.rejects(readResourceFiles(join(folder, 'src')), {
    code: 'NOT_FOUND',
    message: /\.yaml or \.yml/,
  })
})
