import assert from 'node:assert/strict'
import { chmod, mkdir, truncate, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { t as list, type ReadEntry } from 'tar'
import { testFolder } from '../../test-command.ts'
import { packPayload } from './pack-payload.ts'

interface Entry {
  readonly path: string
  readonly content: Buffer
  readonly mode: number | undefined
  readonly uid: number | undefined
}

async function unpack(archive: Buffer): Promise<Entry[]> {
  const entries: Promise<Entry>[] = []
  const parser = list({
    strict: true,
    onReadEntry: (entry: ReadEntry) => {
      entries.push(
        entry.concat().then(content => ({ path: entry.path, content, mode: entry.mode, uid: entry.uid })),
      )
    },
  })
  Readable.from([archive]).pipe(parser)
  await new Promise((resolve, reject) => parser.on('end', resolve).on('error', reject))
  return Promise.all(entries)
}

async function files(t: TestContext, contents: Readonly<Record<string, Buffer>>) {
  const folder = await testFolder(t)
  return Promise.all(
    Object.entries(contents).map(async ([path, content]) => {
      const file = join(folder, path)
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, content)
      return { path, file, sizeBytes: content.length, isExecutable: path.endsWith('.sh') }
    }),
  )
}

const pack = async (...args: Parameters<typeof packPayload>) =>
  Buffer.concat(await Array.fromAsync(packPayload(...args)))

test('unpacks to the same files, whatever their names and sizes', async t => {
  const name = fc.stringMatching(/^[a-zA-Z0-9äß ._-]{1,60}x$/)
  const path = fc.array(name, { minLength: 1, maxLength: 3 }).map(parts => parts.join('/'))
  const content = fc.uint8Array({ maxLength: 2000 }).map(bytes => Buffer.from(bytes))
  await fc.assert(
    fc.asyncProperty(fc.dictionary(path, content, { minKeys: 1, maxKeys: 4 }), async contents => {
      const wanted = Object.fromEntries(
        Object.entries(contents).filter(
          ([one]) => !Object.keys(contents).some(other => other.startsWith(`${one}/`)),
        ),
      )
      const read: number[] = []
      const payload = await files(t, wanted)
      const entries = await unpack(await pack(payload, bytes => void read.push(bytes)))
      assert.deepEqual(Object.fromEntries(entries.map(({ path, content }) => [path, content])), { ...wanted })
      assert.equal(
        read.at(-1) ?? 0,
        payload.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      )
    }),
    { numRuns: 25 },
  )
})

test('keeps whether a file may be run, and no owner', async t => {
  const payload = await files(t, { 'run.sh': Buffer.from('#!/bin/sh\n'), 'a.txt': Buffer.alloc(0) })
  await chmod(payload[0]!.file, 0o700)
  const entries = await unpack(await pack(payload))
  assert.deepEqual(
    entries.map(({ path, mode, uid }) => [path, mode, uid]),
    [
      ['run.sh', 0o755, 0],
      ['a.txt', 0o644, 0],
    ],
  )
})

test('of no file is an archive all the same', async () => {
  const [entry, ...others] = await unpack(await pack([]))
  assert.equal(entry?.path, './')
  assert.deepEqual(others, [])
})

test('a file that is gone or becomes shorter fails the whole', async t => {
  const [payload] = await files(t, { 'a.bin': Buffer.alloc(1024 * 1024, 1) })
  await assert.rejects(pack([{ ...payload!, file: `${payload!.file}.gone` }]), { code: 'ENOENT' })
  const shortened = pack([payload!], () => void truncate(payload!.file, 10))
  // What was read already may be all of it, if the disk is fast.
  await shortened.then(
    archive => assert.ok(archive.length > 0),
    (error: unknown) => assert.match(String(error), /became shorter while it was read/),
  )
})
