import { createElementCodec } from './element-codec.ts'
import type { CodecValues, TensorCodec } from './tensor-codec.ts'

/** `datetime`: ISO 8601 text, to the millisecond; without an offset it is UTC. Years 0000 to 9999. */
export const datetimeCodec: TensorCodec<CodecValues['datetime']> = createElementCodec<Date>({
  contentType: 'datetime',
  meaning: 'an ISO 8601 date and time',
  canEncode: (element): element is Date => element instanceof Date && isInRange(element),
  write: element => element.toISOString(),
  read(_, text) {
    const parts = ISO_8601.exec(text())
    if (parts === null) throw new RangeError('not ISO 8601')
    const [, day = '', time = '00:00', offset = 'Z'] = parts
    // `Date` rolls 30 February over into March without a word.
    if (!new Date(`${day}T00:00Z`).toISOString().startsWith(day)) throw new RangeError('no such day')
    const date = new Date(`${day}T${time}${offset}`)
    if (Number.isNaN(date.getTime())) throw new RangeError('no such time')
    return date
  },
})

const ISO_8601 = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:\d\d)?)?$/

/** Beyond these years ISO 8601 needs a sign and more digits, which few of its readers take. */
function isInRange(date: Date): boolean {
  const time = date.getTime()
  return time >= Date.parse('0000-01-01T00:00:00Z') && time <= Date.parse('9999-12-31T23:59:59.999Z')
}
