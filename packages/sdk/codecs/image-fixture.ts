/** Pictures of 3 by 2 pixels, as far as their headers go, one of each kind; what follows is nobody's pixels. */
export const IMAGES = {
  png: {
    mediaType: 'image/png',
    bytes: bytesOf('89504e470d0a1a0a 0000000d 49484452 00000003 00000002 08060000 00 b9ead981'),
  },
  jpeg: {
    mediaType: 'image/jpeg',
    bytes: bytesOf(
      'ffd8 ffe0 0010 4a46494600 0101 00 00480048 0000 ff ffc0 000b 08 0002 0003 01 012200 ffd9',
    ),
  },
  gif: { mediaType: 'image/gif', bytes: bytesOf('474946383961 0300 0200 80 00 00 3b') },
  webpLossy: {
    mediaType: 'image/webp',
    bytes: bytesOf('52494646 16000000 57454250 56503820 0a000000 f00100 9d012a 0300 0200'),
  },
  webpLossless: {
    mediaType: 'image/webp',
    bytes: bytesOf('52494646 16000000 57454250 5650384c 05000000 2f 02400000 0000000000'),
  },
  webpExtended: {
    mediaType: 'image/webp',
    bytes: bytesOf('52494646 16000000 57454250 56503858 0a000000 00 000000 020000 010000'),
  },
} as const

export function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
}
