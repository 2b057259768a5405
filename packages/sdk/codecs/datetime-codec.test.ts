import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { toTensor } from '../tensor/index.ts'
import { datetimeCodec } from './datetime-codec.ts'
import { OffsetDate } from './offset-date.ts'

const decode = (...data: (string | Uint8Array)[]) =>
  datetimeCodec
    .decode(toTensor({ name: 'x', datatype: 'BYTES', shape: [data.length], data }))
    .map(date => date.toISOString())

test('reads dates and times with and without an offset, as text or bytes', () => {
  const cases = [
    ['2021-08-24T15:01:19', '2021-08-24T15:01:19.000Z'],
    ['2021-08-24T15:01:19-04:00', '2021-08-24T19:01:19.000Z'],
    ['2021-08-24T15:01:19Z', '2021-08-24T15:01:19.000Z'],
    ['2021-08-24 15:01:19.123456+00:00', '2021-08-24T15:01:19.123Z'],
    ['2021-08-24T15:01', '2021-08-24T15:01:00.000Z'],
    ['2021-08-24', '2021-08-24T00:00:00.000Z'],
    ['2020-02-29', '2020-02-29T00:00:00.000Z'],
    ['0000-01-01', '0000-01-01T00:00:00.000Z'],
  ] as const
  for (const [text, iso] of cases) {
    assert.deepEqual(decode(text, new TextEncoder().encode(text)), [iso, iso])
  }
})

test('does not depend on the time zone of the machine', t => {
  const { TZ } = process.env
  t.after(() => {
    if (TZ === undefined) delete process.env['TZ']
    else process.env['TZ'] = TZ
  })
  process.env['TZ'] = 'Asia/Tokyo'
  assert.deepEqual(decode('2021-08-24T15:01:19', '2021-08-24'), [
    '2021-08-24T15:01:19.000Z',
    '2021-08-24T00:00:00.000Z',
  ])
})

test('refuses what is no date and time', () => {
  const texts = [
    '',
    'yesterday',
    '24.08.2021',
    '2021-13-01',
    '2021-02-30',
    '2021-02-29T10:00Z',
    '2021-08-24T25:00',
    '2021-08-24T15:01:19+99:00',
    '2021-08-24Z',
    '+010000-01-01T00:00:00Z',
    '2021-08-24T15:01:19 ',
    new Uint8Array([0xff]),
  ]
  for (const text of texts) {
    assert.throws(() => decode('2021-08-24', text), {
      code: 'INVALID_ARGUMENT',
      message: "tensor 'x', element 1 is not an ISO 8601 date and time, which content type 'datetime' needs",
    })
  }
})

test('writes UTC', () => {
  const tensor = datetimeCodec.encode('x', [new Date('2021-08-24T15:01:19-04:00')])
  assert.deepEqual(tensor.shape, [1, 1])
  assert.deepEqual(tensor.parameters, { content_type: 'datetime' })
  assert.deepEqual(tensor.datatype === 'BYTES' && tensor.data.toStrings(), ['2021-08-24T19:01:19.000Z'])
})

test('an offset is kept and written again', () => {
  const texts = ['2021-08-24T15:01:19-04:00', '2021-08-24T15:01:19+05:30', '2021-08-24T15:01:19+00:00']
  const tensor = toTensor({ name: 'x', datatype: 'BYTES', shape: [3], data: texts })
  const dates = datetimeCodec.decode(tensor)
  assert.deepEqual(
    dates.map(date => date instanceof OffsetDate && date.offsetMinutes),
    [-240, 330, false],
  )
  const written = datetimeCodec.encode('x', dates)
  assert.deepEqual(written.datatype === 'BYTES' && written.data.toStrings(), [
    '2021-08-24T15:01:19.000-04:00',
    '2021-08-24T15:01:19.000+05:30',
    '2021-08-24T15:01:19.000Z',
  ])
  assert.deepEqual(datetimeCodec.decode(written), dates)
})

test('an offset that leads out of the years is written as UTC', () => {
  const last = new OffsetDate('9999-12-31T23:59:59Z', 60)
  const written = datetimeCodec.encode('x', [last])
  assert.deepEqual(written.datatype === 'BYTES' && written.data.toStrings(), ['9999-12-31T23:59:59.000Z'])
  assert.throws(() => new OffsetDate(Number.NaN, 60).toOffsetString(), RangeError)
})

test('writes dates only, and only those that it can read again', () => {
  const years = [new Date('0000-01-01T00:00:00Z'), new Date('9999-12-31T23:59:59.999Z')]
  assert.equal(datetimeCodec.canEncode(years), true)
  const beyond = [
    new Date(years[0]!.getTime() - 1),
    new Date(years[1]!.getTime() + 1),
    new Date(Number.NaN),
    '2021-08-24',
    0,
  ]
  for (const value of beyond) assert.equal(datetimeCodec.canEncode([value]), false)
})

test('what it writes it reads again, to the millisecond', () => {
  const date = fc.date({
    min: new Date('0000-01-01T00:00:00Z'),
    max: new Date('9999-12-31T23:59:59.999Z'),
    noInvalidDate: true,
  })
  fc.assert(
    fc.property(fc.array(date), dates => {
      assert.equal(datetimeCodec.canEncode(dates), true)
      assert.deepEqual(datetimeCodec.decode(datetimeCodec.encode('x', dates)), dates)
    }),
  )
})
