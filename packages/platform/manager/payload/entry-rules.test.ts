import assert from 'node:assert/strict'
import { lstat, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, sep } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { ServingError } from '@millrace/sdk'
import fc from 'fast-check'
import { type TarEntry, tarOf } from '../test/upload-bed.ts'
import { createEntryRules } from './entry-rules.ts'
import { scanPayload } from './scan-payload.ts'
import { unpackPayload } from './unpack-payload.ts'

const LIMITS = { uploadBytesMax: 1_000_000, unpackedBytesMax: 1_000_000, entriesMax: 1_000 }

const name = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom('a', 'b', 'c') },
  { weight: 1, arbitrary: fc.constantFrom('.', '..', '') },
)
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map(parts => parts.join('/'))
const entry: fc.Arbitrary<TarEntry> = fc.oneof(
  path.map(path => ({ path, text: 'x' })),
  path.map(path => ({ path, type: 'Directory' as const, mode: 0o755 })),
  fc.record({ path, type: fc.constantFrom('SymbolicLink' as const, 'Link' as const), linkpath: path }),
)

test('whatever an archive holds, nothing that is unpacked leads out of the folder', async t => {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'millrace-rules-')))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const archive = join(folder, 'archive.tgz')
  const root = join(folder, 'deep/er/root')
  let unpacked = 0
  await fc.assert(
    fc.asyncProperty(fc.array(entry, { minLength: 1, maxLength: 5 }), async entries => {
      await rm(join(folder, 'deep'), { recursive: true, force: true })
      await writeFile(archive, gzipSync(tarOf(entries)))
      try {
        await scanPayload(archive, LIMITS)
        await unpackPayload(archive, root, LIMITS, new AbortController().signal)
        unpacked++
      } catch (error) {
        // What is refused, and what two entries of one path make impossible.
        assert.ok(ServingError.is(error), String(error))
      }
      assert.deepEqual(
        (await readdir(folder)).filter(entry => entry !== 'deep'),
        ['archive.tgz'],
      )
      for (const found of await readdir(root, { recursive: true }).catch(() => [])) {
        const place = await realpath(join(root, found)).catch(() => undefined)
        if (place === undefined) assert.equal((await lstat(join(root, found))).isSymbolicLink(), true)
        else assert.ok(place === root || place.startsWith(root + sep), `${found} is ${place}`)
      }
    }),
    { numRuns: 200 },
  )
  assert.ok(unpacked > 20)
})

test('names every entry that it refuses, shortened if it is long', () => {
  const long = 'x'.repeat(5_000)
  const rules = createEntryRules()
  assert.throws(() => rules.check({ path: long, type: 'File', linkTarget: undefined }), {
    code: 'INVALID_ARGUMENT',
    message: /^payload: 'x{200}…' has a path of more than 4000 bytes/,
  })
  const deep = 'a/'.repeat(65)
  assert.throws(() => rules.check({ path: deep, type: 'Directory', linkTarget: undefined }), {
    message: /more than 64 folders deep/,
  })
  assert.throws(() => rules.check({ path: 'a\0b', type: 'File', linkTarget: undefined }), {
    message: /has no usable path/,
  })
})

test('a second layer of compression is no archive', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-rules-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const archive = join(folder, 'twice.tgz')
  await writeFile(archive, gzipSync(gzipSync(tarOf([{ path: 'a', text: 'a'.repeat(600) }]), { level: 0 })))
  await assert.rejects(scanPayload(archive, LIMITS), {
    code: 'INVALID_ARGUMENT',
    message: 'payload is not a tar archive compressed by gzip',
  })
})
