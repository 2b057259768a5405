import {
  BODY_BYTES_MAX,
  FROM_PYTHON,
  type Frame,
  HEADER_BYTES_MAX,
  PREFIX_BYTES,
  paddingOf,
} from './frame.ts'

/** Puts frames together from the pieces that a socket gives. */
export interface FrameReader {
  /** @throws Error when the bytes are no frame, or one beyond the limits; nothing can be read after it */
  push(piece: Buffer): void
}

const KINDS: ReadonlySet<number> = new Set(Object.values(FROM_PYTHON))

/** A large frame is gathered in memory of its size, which it keeps; the body of a small one is copied out of its piece. */
export function createFrameReader(onFrame: (frame: Frame) => void): FrameReader {
  /** The beginning of a prefix, whose end has not come. */
  let rest: Buffer | null = null
  let gathered: Buffer | null = null
  let gatheredBytes = 0

  const takeGathered = (frame: Buffer): void => {
    const { kind, call, headerBytes, bodyStart } = readPrefix(frame, 0)
    const header = parseHeader(frame, PREFIX_BYTES, headerBytes)
    onFrame({ kind, call, header, body: frame.subarray(bodyStart) })
  }

  const gather = (piece: Buffer): Buffer => {
    const frame = gathered!
    const taken = Math.min(frame.length - gatheredBytes, piece.length)
    frame.set(piece.subarray(0, taken), gatheredBytes)
    gatheredBytes += taken
    if (gatheredBytes === frame.length) {
      gathered = null
      takeGathered(frame)
    }
    return piece.subarray(taken)
  }

  return {
    push(pushed) {
      let piece = rest === null ? pushed : Buffer.concat([rest, pushed])
      rest = null
      while (piece.length > 0) {
        if (gathered !== null) {
          piece = gather(piece)
          continue
        }
        if (piece.length < PREFIX_BYTES) {
          rest = Buffer.from(piece)
          return
        }
        const { kind, call, headerBytes, bodyStart, sizeBytes } = readPrefix(piece, 0)
        if (piece.length < sizeBytes) {
          // Not the shared pool, which gives memory at any offset.
          gathered = Buffer.allocUnsafeSlow(sizeBytes)
          gatheredBytes = 0
          continue
        }
        const header = parseHeader(piece, PREFIX_BYTES, headerBytes)
        // The copy gives the tensors memory that begins at a multiple of 8, and lets go of the piece.
        const body = new Uint8Array(sizeBytes - bodyStart)
        body.set(piece.subarray(bodyStart, sizeBytes))
        piece = piece.subarray(sizeBytes)
        onFrame({ kind, call, header, body })
      }
    },
  }
}

interface Prefix {
  readonly kind: number
  readonly call: number
  readonly headerBytes: number
  readonly bodyStart: number
  readonly sizeBytes: number
}

function readPrefix(bytes: Buffer, offset: number): Prefix {
  const kind = bytes.readUInt32LE(offset)
  const call = bytes.readUInt32LE(offset + 4)
  const headerBytes = bytes.readUInt32LE(offset + 8)
  const bodyBytes = bytes.readUInt32LE(offset + 12)
  if (!KINDS.has(kind)) throw new Error(`a frame of kind ${kind}, which does not exist`)
  if (headerBytes > HEADER_BYTES_MAX) {
    throw new Error(`a frame with a header of ${headerBytes} bytes; at most ${HEADER_BYTES_MAX} are allowed`)
  }
  if (bodyBytes > BODY_BYTES_MAX) {
    throw new Error(`a frame with a body of ${bodyBytes} bytes; at most ${BODY_BYTES_MAX} are allowed`)
  }
  const bodyStart = PREFIX_BYTES + headerBytes + paddingOf(headerBytes)
  return { kind, call, headerBytes, bodyStart, sizeBytes: bodyStart + bodyBytes }
}

/** What a reviver is told about a value, which its type here does not know of. */
type ExactReviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown
const parseExact = JSON.parse as (text: string, reviver: ExactReviver) => unknown

const exactInteger: ExactReviver = (_key, value, { source }) => {
  if (typeof value !== 'number' || Number.isSafeInteger(value) || source === undefined) return value
  return /^-?\d+$/.test(source) ? BigInt(source) : value
}

const LONG_NUMBER = /\d{16}/

/** Whole numbers that a JavaScript number cannot hold come out as `bigint`. */
function parseHeader(bytes: Buffer, start: number, sizeBytes: number): unknown {
  const text = bytes.toString('utf8', start, start + sizeBytes)
  return LONG_NUMBER.test(text) ? parseExact(text, exactInteger) : JSON.parse(text)
}
