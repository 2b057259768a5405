import assert from 'node:assert/strict'
import { lstat, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, suite, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { ByteAllowance } from './byte-allowance.ts'
import { tarGzOf, tarOf } from './test/stager-bed.ts'
import { checkLinks, unpackArchive } from './unpack-archive.ts'

let folder = ''
let archive = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'unpack-'))
  archive = `${folder}.tar`
})
afterEach(async () => {
  await rm(folder, { recursive: true })
  await rm(archive, { force: true })
})

async function unpack(bytes: Uint8Array, maxBytes = 1024 * 1024): Promise<readonly string[]> {
  await writeFile(archive, bytes)
  const allowance = new ByteAllowance(maxBytes, 'it has')
  const takeBytes = (sizeBytes: number) => allowance.take(sizeBytes)
  await unpackArchive(archive, folder, { subject: 'the archive', takeBytes }, new AbortController().signal)
  await checkLinks(folder, 'the archive')
  return (await readdir(folder, { recursive: true })).toSorted()
}

test('files, folders and links that stay inside', async () => {
  const names = await unpack(
    tarGzOf([
      { path: './', type: 'Directory', mode: 0o755 },
      { path: 'a/b/weights.bin', text: 'w' },
      { path: 'a/link', type: 'SymbolicLink', linkpath: '../a/b/weights.bin' },
      { path: 'hard', type: 'Link', linkpath: 'a/b/weights.bin' },
    ]),
  )
  assert.deepEqual(names, ['a', 'a/b', 'a/b/weights.bin', 'a/link', 'hard'])
})

test('no file comes out with more rights than a file needs, or unreadable', async () => {
  await unpack(
    tarOf([
      { path: 'program', mode: 0o4755 },
      { path: 'secret', mode: 0 },
    ]),
  )
  assert.equal((await lstat(join(folder, 'program'))).mode & 0o7000, 0)
  assert.equal((await lstat(join(folder, 'secret'))).mode & 0o777, 0o600)
})

suite('refused as a whole', () => {
  const mistakes: Record<string, readonly [Uint8Array, RegExp]> = {
    'a path that climbs': [tarOf([{ path: '../evil' }]), /"\.\.\/evil" is refused; paths must be relative/],
    'a path that climbs later': [tarOf([{ path: 'a/../../evil' }]), /is refused; paths must be relative/],
    'an absolute path': [tarOf([{ path: '/tmp/evil' }]), /"\/tmp\/evil" is refused; paths must be relative/],
    'a link that leads out': [
      tarOf([{ path: 'a/link', type: 'SymbolicLink', linkpath: '../../etc' }]),
      /the link "a\/link" leads out of its folder, to "\.\.\/\.\.\/etc"$/,
    ],
    'an absolute link': [
      tarOf([{ path: 'link', type: 'SymbolicLink', linkpath: '/etc/passwd' }]),
      /the link "link" leads out of its folder/,
    ],
    'a hard link that leads out': [
      tarOf([{ path: 'a/link', type: 'Link', linkpath: '../evil' }]),
      /the link "a\/link" leads out of its folder/,
    ],
    'links that lead out together': [
      tarOf([
        { path: 'x/y/up', type: 'SymbolicLink', linkpath: '..' },
        { path: 'out', type: 'SymbolicLink', linkpath: 'x/y/up/../..' },
      ]),
      /the link out leads out of its folder$/,
    ],
    'a link that leads nowhere': [
      tarOf([{ path: 'link', type: 'SymbolicLink', linkpath: 'missing' }]),
      /the link link leads nowhere$/,
    ],
    'a file through a link': [
      tarOf([
        { path: 'a/x', text: '' },
        { path: 'link', type: 'SymbolicLink', linkpath: 'a' },
        { path: 'link/file', text: 'x' },
      ]),
      /it cannot be unpacked: /,
    ],
    'a device': [
      tarOf([{ path: 'null', type: 'CharacterDevice' }]),
      /"null" is a CharacterDevice; allowed are/,
    ],
    'what is no archive': [Buffer.from('weights '.repeat(200)), /it cannot be unpacked: /],
    'one that is cut off': [
      tarOf([{ path: 'a', text: 'x'.repeat(2000) }]).subarray(0, 1500),
      /it cannot be unpacked: /,
    ],
    'compression that is cut off': [
      gzipSync(tarOf([{ path: 'a', text: 'x' }])).subarray(0, 40),
      /it cannot be unpacked: /,
    ],
  }
  for (const [title, [bytes, message]] of Object.entries(mistakes)) {
    test(title, async () => {
      await assert.rejects(unpack(bytes), { code: 'FAILED_PRECONDITION', message })
    })
  }

  test('more than may come out, before it does', async () => {
    const bomb = tarGzOf([{ path: 'zeros', text: '\0'.repeat(2 * 1024 * 1024) }])
    assert.ok(bomb.length < 10_000)
    await assert.rejects(unpack(bomb), { code: 'RESOURCE_EXHAUSTED' })
    assert.deepEqual(await readdir(folder), [])
  })
})

test('links that a folder had before are looked at too', async () => {
  await symlink('/etc', join(folder, 'etc'))
  await assert.rejects(
    checkLinks(folder, 'it'),
    /^ServingError: it is refused: the link etc leads out of its folder$/,
  )
})
