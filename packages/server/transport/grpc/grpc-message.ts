/**
 * Longest `grpc-message` on the wire. Trailers share the client's limit of header bytes (8 KiB in
 * some), and a client that refuses the trailers loses the status with them.
 */
const MAX_ENCODED_LENGTH = 4096

const encoder = new TextEncoder()

/** Percent-encodes a status message (UTF-8, all but printable ASCII and `%`), and cuts what is too long. */
export function encodeGrpcMessage(message: string): string {
  // Blanks at either end would not survive HTTP/2's rules for field values.
  if (message.length <= MAX_ENCODED_LENGTH && /^(?:[!-$&-~](?:[ -$&-~]*[!-$&-~])?)?$/.test(message))
    return message

  let encoded = ''
  // By code point, so that a cut never leaves half a character.
  for (const character of message) {
    const piece = encodeCharacter(character)
    if (encoded.length + piece.length > MAX_ENCODED_LENGTH) break
    encoded += piece
  }
  return encoded.replace(/^ | $/g, '%20')
}

function encodeCharacter(character: string): string {
  if (/^[ -$&-~]$/.test(character)) return character
  let encoded = ''
  for (const byte of encoder.encode(character))
    encoded += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  return encoded
}
