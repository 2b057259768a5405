import assert from 'node:assert/strict'
import { appendFile, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { createLogger } from '../../base/index.ts'
import { type Journal, openJournal } from './journal.ts'
import { encodeRecord, readRecords } from './records.ts'

const log = createLogger({ isStructured: true, level: 'silent' })

async function folderFor(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-journal-'))
  t.after(() => rm(folder, { recursive: true }))
  return folder
}

function open(folder: string, state: string[] = [], minLogBytes?: number): Promise<Journal<string>> {
  return openJournal<string>({
    folder,
    setting: 'the_folder',
    log,
    snapshot: () => state,
    ...(minLogBytes === undefined ? {} : { minLogBytes }),
  })
}

async function recordsIn(folder: string): Promise<readonly string[]> {
  const journal = await open(folder)
  await journal.close()
  return journal.takeRecords()
}

function asJson(list: readonly unknown[]): readonly string[] {
  return list.map(value => JSON.stringify(value))
}

suite('records of a journal', () => {
  test('are read as they were written, up to where the bytes end or are no record', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue(), { maxLength: 5 }), fc.nat(200), (values, cut) => {
        const bytes = Buffer.concat(values.map(encodeRecord))
        const whole = readRecords(bytes)
        assert.deepEqual(asJson(whole.records), asJson(values))
        assert.equal(whole.validBytes, bytes.length)
        const part = readRecords(bytes.subarray(0, Math.max(bytes.length - cut, 0)))
        assert.deepEqual(asJson(part.records), asJson(values.slice(0, part.records.length)))
        assert.equal(part.isDamaged, false)
      }),
    )
  })

  test('a broken one before a whole one is damage', () => {
    const bytes = Buffer.concat(['a', 'b', 'c'].map(encodeRecord))
    const at = bytes.indexOf('"b"') + 1
    bytes[at] = bytes[at]! ^ 1
    const { records, isDamaged } = readRecords(bytes)
    assert.deepEqual([records, isDamaged], [['a'], true])
  })
})

suite('a journal', () => {
  test('has after a restart what was appended, in order', async t => {
    const folder = await folderFor(t)
    const journal = await open(folder)
    await Promise.all([journal.append(['a', 'b']), journal.append([]), journal.append(['c'])])
    await journal.append(['d'])
    await journal.close()
    assert.deepEqual(await recordsIn(folder), ['a', 'b', 'c', 'd'])
    await assert.rejects(journal.append(['e']), { code: 'UNAVAILABLE' })
    // Nobody else may read what models come from.
    assert.equal((await stat(join(folder, 'register-0.log'))).mode & 0o077, 0)
  })

  test('begins a new file with a snapshot once much has been written, and drops the old one', async t => {
    const folder = await folderFor(t)
    const state: string[] = []
    const journal = await open(folder, state, 100)
    for (let index = 0; index < 50; index++) {
      state.push(`record ${index}`)
      await journal.append([`record ${index}`])
    }
    await journal.close()
    const files = (await readdir(folder)).filter(name => name.endsWith('.log'))
    assert.equal(files.length, 1)
    assert.notEqual(files[0], 'register-0.log')
    assert.deepEqual(await recordsIn(folder), state)
  })

  test('drops a last record that was being written, and goes on behind the one before', async t => {
    const folder = await folderFor(t)
    const first = await open(folder)
    await first.append(['a'])
    await first.append(['b'])
    await first.close()
    const file = join(folder, 'register-0.log')
    await truncate(file, (await stat(file)).size - 3)
    const second = await open(folder)
    assert.deepEqual(second.takeRecords(), ['a'])
    await second.append(['c'])
    await second.close()
    assert.deepEqual(await recordsIn(folder), ['a', 'c'])
  })

  test('ignores a snapshot that was never finished, and older files', async t => {
    const folder = await folderFor(t)
    await writeFile(join(folder, 'register-3.log'), encodeRecord(['old']))
    await writeFile(join(folder, 'register-4.log'), encodeRecord(['new']))
    await writeFile(join(folder, 'register-5.log.new'), 'half')
    assert.deepEqual(await recordsIn(folder), ['new'])
    assert.deepEqual((await readdir(folder)).toSorted(), ['register-4.log'])
  })

  test('refuses a file that is damaged before its end, and leaves it as it is', async t => {
    const folder = await folderFor(t)
    const file = join(folder, 'register-0.log')
    await writeFile(file, encodeRecord(['a']))
    await appendFile(file, 'damage\n')
    await appendFile(file, encodeRecord(['b']))
    const before = await readFile(file)
    await assert.rejects(open(folder), {
      code: 'FAILED_PRECONDITION',
      message: /is damaged at byte \d+.*the_folder/,
    })
    assert.deepEqual(await readFile(file), before)
  })

  test('is for one process, and for the next one when that has gone', async t => {
    const folder = await folderFor(t)
    const journal = await open(folder)
    await assert.rejects(open(folder), {
      code: 'FAILED_PRECONDITION',
      message: new RegExp(`is in use by the process ${process.pid};.*the_folder`),
    })
    await journal.close()
    // What a killed process leaves behind: a pid that nobody has, or that another process has by now.
    for (const left of ['4194304000 12\n', `${process.pid} 1\n`, '', 'garbage']) {
      await writeFile(join(folder, 'lock'), left)
      await (await open(folder)).close()
    }
  })

  test('says what cannot be written, and has it after the next time that can', async t => {
    const folder = await folderFor(t)
    const state: string[] = []
    const journal = await open(folder, state, 1)
    state.push('a')
    await journal.append(['a'])
    // Where the next snapshot is to lie stands something else.
    const { default: fs } = await import('node:fs')
    const next = join(folder, 'register-1.log.new')
    fs.mkdirSync(next)
    state.push('b')
    await assert.rejects(journal.append(['b']), { code: 'UNAVAILABLE', message: /the_folder/ })
    fs.rmdirSync(next)
    state.push('c')
    await journal.append(['c'])
    await journal.close()
    assert.deepEqual(await recordsIn(folder), ['a', 'b', 'c'])
  })
})
