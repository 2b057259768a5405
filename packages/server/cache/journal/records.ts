import { crc32 } from 'node:zlib'

/** What could be read of a journal's bytes. */
export interface ReadRecords {
  readonly records: readonly unknown[]
  /** How many bytes the records take, from the beginning on. */
  readonly validBytes: number
  /** Something behind them is a whole record, so that they have not just been cut off. */
  readonly isDamaged: boolean
}

const NEWLINE = 0x0a
/** Eight digits and a blank. */
const SUM_LENGTH = 9

/** One line: the checksum of the JSON in hexadecimal digits, a blank, the JSON. */
export function encodeRecord(record: unknown): Buffer {
  const json = JSON.stringify(record)
  return Buffer.from(`${checksum(Buffer.from(json))} ${json}\n`)
}

/** Reads records from the front, up to the first one that is not whole. */
export function readRecords(bytes: Buffer): ReadRecords {
  const records: unknown[] = []
  let offset = 0
  while (offset < bytes.length) {
    const end = bytes.indexOf(NEWLINE, offset)
    const record = end === -1 ? undefined : readLine(bytes.subarray(offset, end))
    if (record === undefined) return { records, validBytes: offset, isDamaged: hasRecordBehind(bytes, end) }
    records.push(record.value)
    offset = end + 1
  }
  return { records, validBytes: offset, isDamaged: false }
}

/** A record is only written when the one before it is on the disk: one behind a broken one means that the disk has lost something. */
function hasRecordBehind(bytes: Buffer, brokenEnd: number): boolean {
  let start = brokenEnd + 1
  for (let end = brokenEnd; end !== -1; start = end + 1) {
    end = bytes.indexOf(NEWLINE, start)
    if (end !== -1 && readLine(bytes.subarray(start, end)) !== undefined) return true
  }
  return false
}

function readLine(line: Buffer): { readonly value: unknown } | undefined {
  if (line.length <= SUM_LENGTH) return undefined
  const json = line.subarray(SUM_LENGTH)
  if (line.toString('latin1', 0, SUM_LENGTH) !== `${checksum(json)} `) return undefined
  return { value: JSON.parse(json.toString('utf8')) as unknown }
}

function checksum(bytes: Buffer): string {
  return crc32(bytes).toString(16).padStart(8, '0')
}
