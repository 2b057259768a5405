import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import type { ModelSignature } from '../../store/index.ts'
import { profiledFields } from '../profiles/profiled-fields.ts'
import { readTrainingCsv } from './read-training-csv.ts'
import { TRAINING_LIMITS, type TrainingLimits } from './training-limits.ts'

const SIGNATURE: ModelSignature = {
  signatureName: 'f',
  inputs: [
    { name: 'x', dtype: 'DT_DOUBLE', shape: { dims: [] }, profile: 'NUMERICAL' },
    { name: 'x_1', dtype: 'DT_DOUBLE', shape: { dims: [] }, profile: 'NUMERICAL' },
    { name: 'f', dtype: 'DT_DOUBLE', shape: { dims: [-1, 11] }, profile: 'NUMERICAL' },
    { name: 'words', dtype: 'DT_STRING', shape: { dims: [] }, profile: 'TEXT' },
    { name: 'list', dtype: 'DT_DOUBLE', shape: { dims: [-1] }, profile: 'NUMERICAL' },
  ],
  outputs: [{ name: 'y', dtype: 'DT_DOUBLE', shape: { dims: [] }, profile: 'NONE' }],
}
const FIELDS = profiledFields(SIGNATURE)

const read = (
  text: string | readonly Uint8Array[],
  limits: Partial<TrainingLimits> = {},
  signal = new AbortController().signal,
) =>
  readTrainingCsv(
    Readable.from(typeof text === 'string' ? [Buffer.from(text)] : text),
    FIELDS,
    { ...TRAINING_LIMITS, ...limits },
    signal,
  )

type Content = Awaited<ReturnType<typeof read>>

/** Least and greatest value of each component. */
function rangesOf({ profiles }: Content, field: string) {
  const state = profiles.get(field)?.state()
  assert.ok(state?.kind === 'numerical', field)
  return state.components.map(one => (one === null ? undefined : [one.min, one.max]))
}

suite('training data', () => {
  test('has a header, quoted cells, and a last row without a line end', async () => {
    const content = await read('\uFEFF\n  \nx, words ,y\r\n1,"a, ""b""\r\nc",x\r\n\r\n 2.5 ,plain,y')
    assert.deepEqual([content.rowCount, content.skippedRowCount], [2, 0])
    assert.deepEqual(rangesOf(content, 'x'), [[1, 2.5]])
    const words = content.profiles.get('words')!.state()
    assert.ok(words.kind === 'text')
    assert.deepEqual([words.components[0]?.tokenSum, words.components[0]?.characterSum], [4, 9 + 5])
    assert.deepEqual(content.absentFields, ['x_1', 'f', 'list'])
    assert.deepEqual([...content.profiles.keys()].toSorted(), ['words', 'x'])
  })

  test('of rows of another length is counted and left out', async () => {
    const { rowCount, skippedRowCount, skippedLines, profiles } = await read(
      `x,y\n1,2\n3\n4,5,6\n7,\n${'8\n'.repeat(10)}`,
    )
    assert.deepEqual([rowCount, skippedRowCount, skippedLines], [2, 12, [3, 4, 6, 7, 8]])
    assert.equal(profiles.get('x')!.numerical(0).view().quantileStatistics.max, 7)
  })

  test('orders components by number, whatever the columns are in', async () => {
    const columns = [10, 2, 0, 1, 9, 8, 7, 6, 5, 4, 3]
    const header = columns.map(column => `f_${column}`).join(',')
    const content = await read(`${header},x_1,x\n${columns.map(column => column * 100).join(',')},5,6\n`)
    assert.deepEqual(
      rangesOf(content, 'f'),
      Array.from({ length: 11 }, (_, component) => [component * 100, component * 100]),
    )
    assert.deepEqual([rangesOf(content, 'x_1'), rangesOf(content, 'x')], [[[5, 5]], [[6, 6]]])
  })

  test('takes what is no number in a column of numbers for missing', async () => {
    const { profiles } = await read('x\n1\nabc\n""\nNaN\ntrue\n0x10\n1e3\nInfinity\n-.5\n')
    const view = profiles.get('x')!.numerical(0).view()
    assert.deepEqual([view.commonStatistics.count, view.commonStatistics.missing], [9, 5])
    assert.deepEqual([view.quantileStatistics.min, view.quantileStatistics.max], [-0.5, 1000])
  })

  test('says how many values a row of an open field has', async () => {
    assert.equal(rangesOf(await read('list_0,list_1,list_2\n1,2,3\n'), 'list').length, 3)
    assert.equal(rangesOf(await read('list\n1\n'), 'list').length, 1)
  })

  test('is refused for what its header cannot be', async () => {
    const refusals: readonly [text: string, message: RegExp][] = [
      ['', /is empty; its first line must name the columns/],
      [
        '1,2\n3,4\n',
        /first line must name the columns, and none of "1", "2" is a profiled field; those are "x", "x_1"/,
      ],
      ['x,x\n1,2\n', /two columns called 'x'/],
      ['x,x_0\n1,2\n', /columns 'x' and 'x_0' are the same/],
      ['f_11\n1\n', /column 'f_11': field 'f' has 11 values a row, whose columns are 'f_0' to 'f_10'/],
      ['f\n1\n', /column 'f': field 'f' has 11 values/],
      ['list_512\n1\n', /field 'list' has at most 512 values a row/],
      ['x,words\n1,"never closed\n2,b\n', /a quotation mark is never closed; the data ends on line 3/],
      ['x,words\n1,"a"b\n', /line 2 cannot be read/],
    ]
    for (const [text, message] of refusals)
      await assert.rejects(read(text), { code: 'INVALID_ARGUMENT', message })
  })

  test('is refused beyond each limit', async () => {
    const refusals: readonly [text: string, limits: Partial<TrainingLimits>, message: RegExp][] = [
      ['x,y,z\n1,2,3\n', { columnsMax: 2 }, /line 1 has 3 columns; 2 are the limit/],
      ['x,words\n1,abcdef\n', { cellLengthMax: 5 }, /line 2 has a cell of 6 characters; 5 are the limit/],
      [
        `x,words\n1,${'a'.repeat(200)}\n`,
        { rowLengthMax: 100 },
        /line 2 has a row of more than 100 characters/,
      ],
      [`x,words\n1,"${'a\n'.repeat(200)}`, { rowLengthMax: 100 }, /more than 100 characters/],
      ['x\n1\n2\n3\n', { rowsMax: 2 }, /more than 2 rows/],
    ]
    for (const [text, limits, message] of refusals) {
      await assert.rejects(read(text, limits), { code: 'RESOURCE_EXHAUSTED', message })
    }
  })

  test('is given up when its signal says so, and when its bytes break off', async () => {
    const giveUp = new AbortController()
    const reason = new Error('enough')
    async function* endless() {
      yield Buffer.from('x\n')
      for (let rows = 0; ; rows++) {
        if (rows === 100) giveUp.abort(reason)
        yield Buffer.from('1\n')
      }
    }
    await assert.rejects(readTrainingCsv(endless(), FIELDS, TRAINING_LIMITS, giveUp.signal), reason)
    const broken = new Error('broken')
    async function* breaking() {
      yield Buffer.from('x\n1\n')
      throw broken
    }
    await assert.rejects(
      readTrainingCsv(breaking(), FIELDS, TRAINING_LIMITS, new AbortController().signal),
      broken,
    )
  })

  test('is the same however its bytes are cut', async () => {
    const cell = fc.stringMatching(/^[ -~äß\n]{0,12}$/)
    const rows = fc.array(fc.tuple(fc.double({ noNaN: true, noDefaultInfinity: true }), cell), {
      maxLength: 20,
    })
    await fc.assert(
      fc.asyncProperty(rows, fc.integer({ min: 1, max: 7 }), async (values, size) => {
        const quoted = values.map(([x, words]) => `${x},"${words.replaceAll('"', '""')}"`)
        const bytes = Buffer.from(['x,words', ...quoted].join('\n'))
        const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
          bytes.subarray(index * size, (index + 1) * size),
        )
        const content = await read(pieces)
        assert.deepEqual([content.rowCount, content.skippedRowCount], [values.length, 0])
        const whole = await read([bytes])
        assert.deepEqual(content.profiles.get('words')?.state(), whole.profiles.get('words')?.state())
        const sum = values.reduce((total, [, words]) => total + Array.from(words).length, 0)
        const words = whole.profiles.get('words')?.state()
        if (words?.kind === 'text') assert.equal(words.components[0]!.characterSum, sum)
        if (values.length > 0) {
          const numbers = values.map(([x]) => x)
          assert.deepEqual(rangesOf(content, 'x'), [[Math.min(...numbers) + 0, Math.max(...numbers) + 0]])
        }
      }),
      { numRuns: 50 },
    )
  })
})
