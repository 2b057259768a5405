import type { CodecValues } from './codec-values.ts'
import { createElementCodec } from './element-codec.ts'
import { OffsetDate } from './offset-date.ts'
import type { TensorCodec } from './tensor-codec.ts'

/**
 * `datetime`: ISO 8601 text, to the millisecond; without an offset it is UTC. Years 0000 to 9999. A date
 * that came with another offset keeps it as an {@link OffsetDate}, and is written with it.
 */
export const datetimeCodec: TensorCodec<CodecValues['datetime']> = createElementCodec<Date>({
  contentType: 'datetime',
  meaning: 'an ISO 8601 date and time',
  canEncode: (element): element is Date => element instanceof Date && isInRange(element),
  write: element => (element instanceof OffsetDate ? element.toOffsetString() : element.toISOString()),
  read(_, text) {
    const parts = ISO_8601.exec(text())
    if (parts === null) throw new RangeError('not ISO 8601')
    const [, day = '', time = '00:00', offset = 'Z'] = parts
    // `Date` rolls 30 February over into March without a word.
    if (!new Date(`${day}T00:00Z`).toISOString().startsWith(day)) throw new RangeError('no such day')
    const date = new Date(`${day}T${time}${offset}`)
    if (Number.isNaN(date.getTime())) throw new RangeError('no such time')
    const offsetMinutes = minutesOf(offset)
    return offsetMinutes === 0 ? date : new OffsetDate(date, offsetMinutes)
  },
})

const ISO_8601 = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:\d\d)?)?$/

/** `-04:00` is -240, `Z` is 0. */
function minutesOf(offset: string): number {
  if (offset === 'Z') return 0
  const minutes = Number(offset.slice(1, 3)) * 60 + Number(offset.slice(4))
  return offset.startsWith('-') ? -minutes : minutes
}

/** Beyond these years ISO 8601 needs a sign and more digits, which few of its readers take. */
function isInRange(date: Date): boolean {
  const time = date.getTime()
  return time >= Date.parse('0000-01-01T00:00:00Z') && time <= Date.parse('9999-12-31T23:59:59.999Z')
}
