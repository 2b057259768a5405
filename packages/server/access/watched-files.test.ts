import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { createLogger } from '../base/index.ts'
import { watchFiles } from './watched-files.ts'

async function testFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'watched-'))
  t.after(() => rm(folder, { recursive: true }))
  return folder
}

/** Watches files whose texts are joined; a text `broken` cannot be used. */
async function watch(t: TestContext, ...paths: readonly string[]) {
  const lines: string[] = []
  const waiting: (() => void)[] = []
  const watched = await watchFiles({
    files: paths.map((path, index) => ({ field: `field_${index}`, path })),
    subject: 'test',
    log: createLogger({
      isStructured: true,
      level: 'debug',
      write(line) {
        lines.push((JSON.parse(line) as { level: string }).level)
        for (const wake of waiting.splice(0)) wake()
      },
    }),
    parse(texts) {
      if (texts.includes('broken')) throw new Error('broken')
      return texts.join(' ')
    },
  })
  t.after(() => watched.close())
  return {
    watched,
    lines,
    /** Resolves when so many lines have been logged. */
    logged: async (count: number) => {
      while (lines.length < count) await new Promise<void>(resolve => waiting.push(resolve))
    },
  }
}

test('files that are written anew, and files that are replaced', async t => {
  const folder = await testFolder(t)
  const [one, two] = [join(folder, 'one'), join(folder, 'two')]
  await writeFile(one, 'a')
  await writeFile(two, 'b')
  const { watched, logged, lines } = await watch(t, one, two)
  assert.equal(watched.current, 'a b')
  const seen: string[] = []
  const stop = watched.onChange(value => seen.push(value))

  await writeFile(one, 'c')
  await logged(1)
  await writeFile(join(folder, 'new'), 'd')
  await rename(join(folder, 'new'), two)
  await logged(2)
  assert.equal(watched.current, 'c d')

  await writeFile(one, 'broken')
  await logged(3)
  await rm(two)
  await logged(4)
  assert.equal(watched.current, 'c d')
  assert.deepEqual(seen, ['c b', 'c d'])

  stop()
  await writeFile(one, 'e')
  await writeFile(two, 'f')
  while (watched.current !== 'e f') await logged(lines.length + 1)
  assert.equal(seen.length, 2)
  assert.deepEqual(lines.slice(0, 4), ['info', 'info', 'error', 'error'])
})

test('files behind links that are led elsewhere, as mounted secrets are', async t => {
  const folder = await testFolder(t)
  for (const version of ['1', '2', '3']) {
    await mkdir(join(folder, version))
    await writeFile(join(folder, version, 'key'), version)
  }
  const lead = async (version: string) => {
    await symlink(version, join(folder, 'next'))
    await rename(join(folder, 'next'), join(folder, 'data'))
  }
  await lead('1')
  await symlink('data/key', join(folder, 'key'))
  const { watched, logged } = await watch(t, join(folder, 'key'))
  assert.equal(watched.current, '1')
  await lead('2')
  await logged(1)
  assert.equal(watched.current, '2')
  await lead('3')
  await logged(2)
  assert.equal(watched.current, '3')
  // The folder behind the link is watched as well.
  await writeFile(join(folder, '3', 'key'), 'changed')
  await logged(3)
  assert.equal(watched.current, 'changed')
})

test('files that cannot be used to begin with', async t => {
  const folder = await testFolder(t)
  await writeFile(join(folder, 'broken'), 'broken')
  await writeFile(join(folder, 'bytes'), Buffer.of(0xff, 0xfe, 0x00))
  await assert.rejects(watch(t, join(folder, 'broken')), { message: 'broken' })
  await assert.rejects(watch(t, join(folder, 'none')), {
    code: 'INVALID_ARGUMENT',
    message: /^field_0 is ".*none": there is no such file; allowed is the path of a file$/,
  })
  await assert.rejects(watch(t, folder), {
    code: 'INVALID_ARGUMENT',
    message: /^field_0: .*EISDIR; allowed is a file/,
  })
  await assert.rejects(watch(t, join(folder, 'bytes')), { message: /^field_0: .*is not UTF-8 text/ })
})

test('closed, it looks no more', async t => {
  const path = join(await testFolder(t), 'file')
  await writeFile(path, 'a')
  const [first, second] = [await watch(t, path), await watch(t, path)]
  first.watched.close()
  first.watched.close()
  await writeFile(path, 'b')
  await second.logged(1)
  assert.equal(first.watched.current, 'a')
})
