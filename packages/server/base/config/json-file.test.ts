import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { MAX_SETTINGS_FILE_BYTES, parseJsonObject, readJsonObject } from './json-file.ts'

let folder = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'json-file-'))
})
after(() => rm(folder, { recursive: true }))

async function write(content: string | Uint8Array): Promise<string> {
  const path = join(folder, 'settings.json')
  await writeFile(path, content)
  return path
}

test('reads an object, with or without a byte order mark', async () => {
  assert.deepEqual(await readJsonObject(await write('{"a":[1]}')), { a: [1] })
  assert.deepEqual(await readJsonObject(await write('\uFEFF{"a":1}')), { a: 1 })
})

test('a file that is not there is undefined', async () => {
  assert.equal(await readJsonObject(join(folder, 'missing.json')), undefined)
  assert.equal(await readJsonObject(join(await write('{}'), 'below-a-file.json')), undefined)
})

test('broken JSON: file, line, column', async () => {
  const path = await write('{\n  "http_port": 8080,\n}')
  await assert.rejects(readJsonObject(path), {
    code: 'INVALID_ARGUMENT',
    message: `${path}, line 3, column 1: expected a name in double quotes, found "}"`,
  })
})

test('what is not an object is refused', () => {
  for (const [text, found] of [
    ['[]', 'a list'],
    ['null', 'null'],
    ['3', 'a number'],
  ] as const) {
    assert.throws(() => parseJsonObject(text, 'x.json'), {
      code: 'INVALID_ARGUMENT',
      message: `x.json holds ${found}; expected an object: {"name": value, …}`,
    })
  }
})

test('bytes that are not UTF-8 are refused', async () => {
  const path = await write(Uint8Array.of(0x7b, 0xff, 0x7d))
  await assert.rejects(readJsonObject(path), {
    code: 'INVALID_ARGUMENT',
    message: `${path} is not UTF-8 text`,
  })
})

test('a file beyond the limit is refused, one at the limit is read', async () => {
  const atLimit = `{"a":"${'x'.repeat(MAX_SETTINGS_FILE_BYTES - 8)}"}`
  assert.equal(Object.keys((await readJsonObject(await write(atLimit))) ?? {}).length, 1)
  const path = await write(`${atLimit} `)
  await assert.rejects(readJsonObject(path), {
    code: 'INVALID_ARGUMENT',
    message: `${path} has ${MAX_SETTINGS_FILE_BYTES + 1} bytes; a settings file has at most ${MAX_SETTINGS_FILE_BYTES}`,
  })
})

test('a folder in place of the file is an error that names it', async () => {
  const path = join(folder, 'folder.json')
  await mkdir(path)
  await assert.rejects(readJsonObject(path), { code: 'INTERNAL', message: `${path} cannot be read: EISDIR` })
})

test('a file that may not be read is an error that names it', {
  skip: process.getuid?.() === 0 && 'root reads every file',
}, async () => {
  const path = await write('{}')
  await chmod(path, 0)
  await assert.rejects(readJsonObject(path), {
    code: 'PERMISSION_DENIED',
    message: `${path} cannot be read: EACCES`,
  })
  await chmod(path, 0o600)
})
