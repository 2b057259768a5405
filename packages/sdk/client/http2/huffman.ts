import { compressionError } from './http2-error.ts'

/**
 * How many bits each byte takes, from 0 to 255, and last the end of a text (RFC 7541, appendix B); a digit in base 36 for
 * each. The code is canonical: shorter codes come first, and of one length the lower byte, so that the lengths say it all.
 */
const LENGTHS =
  'dnsssssssoussussssssssusssssssss6aacd68baa8b8666555666666678f6cad67777777777777777777777878djde6f5656566657766' +
  '6567655677777fbedskmkkmmmnmnnnnnonoomnonnnnlmnmnnomlkmmnnlnmmolmnnllmlnmnnkmmmnmmnqqkjmnmpqqqrrqopjlqrrqrollqq' +
  'srrrkoklmllnmmppooqnqrqqrrrrrsrrrrrqu'

const MAX_LENGTH = 30
const END_OF_TEXT = 256
/** Bits of ones that may fill up the last byte. */
const MAX_PADDING_BITS = 7

/** Of the codes of each length: the first one, and where its symbol stands in `SYMBOLS`. */
const FIRST_CODES = new Uint32Array(MAX_LENGTH + 1)
const FIRST_PLACES = new Uint16Array(MAX_LENGTH + 1)
const COUNTS = new Uint16Array(MAX_LENGTH + 1)
const SYMBOLS = layOut()

function layOut(): Uint16Array {
  const lengths = Array.from(LENGTHS, digit => Number.parseInt(digit, 36))
  const symbols: number[] = []
  let code = 0
  for (let length = 1; length <= MAX_LENGTH; length++) {
    code *= 2
    FIRST_CODES[length] = code
    FIRST_PLACES[length] = symbols.length
    for (const [symbol, itsLength] of lengths.entries()) if (itsLength === length) symbols.push(symbol)
    COUNTS[length] = symbols.length - FIRST_PLACES[length]!
    code += COUNTS[length]!
  }
  return Uint16Array.from(symbols)
}

/** @throws Http2Error for bytes that are no text in this code */
export function decodeHuffman(bytes: Uint8Array, start: number, end: number): string {
  let text = ''
  let code = 0
  let length = 0
  for (let index = start; index < end; index++) {
    const byte = bytes[index]!
    for (let bit = 7; bit >= 0; bit--) {
      code = code * 2 + ((byte >> bit) & 1)
      length++
      const place = code - FIRST_CODES[length]!
      if (place < COUNTS[length]!) {
        const symbol = SYMBOLS[FIRST_PLACES[length]! + place]!
        if (symbol === END_OF_TEXT) throw compressionError('a header has the end of a text in its middle')
        text += String.fromCharCode(symbol)
        code = 0
        length = 0
      }
    }
  }
  // What is left is the beginning of the code of the end: ones alone.
  if (length > MAX_PADDING_BITS || code !== 2 ** length - 1) {
    throw compressionError('a header ends in the middle of a character')
  }
  return text
}
