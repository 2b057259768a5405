import type { EncodedImage } from './encoded-image.ts'

type ImageHeader = Omit<EncodedImage, 'bytes'>
type Size = Pick<EncodedImage, 'width' | 'height'>

/** Real files have a few dozen segments before their size; more is somebody playing. */
const MAX_JPEG_SEGMENTS = 4096

/** Type and size of an image by its first bytes; `undefined` if they are none or end too early. */
export function readImageHeader(bytes: Uint8Array): ImageHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return (
    header('image/png', pngSize(view)) ??
    header('image/jpeg', jpegSize(view)) ??
    header('image/gif', gifSize(view)) ??
    header('image/webp', webpSize(view))
  )
}

/** No format has images without pixels; a JPEG of height 0 tells it only after its first scan. */
function header(mediaType: EncodedImage['mediaType'], size: Size | undefined): ImageHeader | undefined {
  if (size === undefined || size.width === 0 || size.height === 0) return undefined
  return { mediaType, ...size }
}

/** Signature, then the chunk IHDR (PNG specification, sections 5.2 and 11.2.2). */
function pngSize(view: DataView): Size | undefined {
  const isPng = startsWith(view, 0, '\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR') && view.byteLength >= 33
  return isPng ? { width: view.getUint32(16), height: view.getUint32(20) } : undefined
}

/** Logical screen descriptor (GIF89a specification, section 18). */
function gifSize(view: DataView): Size | undefined {
  const isGif = (startsWith(view, 0, 'GIF87a') || startsWith(view, 0, 'GIF89a')) && view.byteLength >= 13
  return isGif ? { width: view.getUint16(6, true), height: view.getUint16(8, true) } : undefined
}

/**
 * From segment to segment up to the frame header, which holds the size (ITU T.81, section B.1).
 *
 *     FF D8   FF E0 00 10 …   FF C0 00 11 08 hh hh ww ww …
 */
function jpegSize(view: DataView): Size | undefined {
  if (!startsWith(view, 0, '\xff\xd8')) return undefined
  let position = 2
  for (let segment = 0; segment < MAX_JPEG_SEGMENTS; segment++) {
    if (byteAt(view, position) !== 0xff) return undefined
    // Any number of FF may fill the space before a marker.
    while (byteAt(view, position + 1) === 0xff) position++
    const marker = byteAt(view, position + 1)
    position += 2
    if (marker === 0x01) continue
    // Beyond the first scan, and where a restart stands outside one, there is no frame header to come.
    if (marker === undefined || marker < 0xc0 || (marker >= 0xd0 && marker <= 0xda)) return undefined
    if (position + 2 > view.byteLength) return undefined
    if (isFrameHeader(marker)) {
      if (position + 7 > view.byteLength) return undefined
      return { height: view.getUint16(position + 3), width: view.getUint16(position + 5) }
    }
    const lengthBytes = view.getUint16(position)
    if (lengthBytes < 2) return undefined
    position += lengthBytes
  }
  return undefined
}

function isFrameHeader(marker: number): boolean {
  // C4, C8 and CC are tables and an extension between the sixteen frame headers.
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc
}

/** A RIFF file whose first chunk is one of three kinds (RFC 9649, sections 2.5 to 2.7). */
function webpSize(view: DataView): Size | undefined {
  if (!startsWith(view, 0, 'RIFF') || !startsWith(view, 8, 'WEBP') || view.byteLength < 30) return undefined
  if (startsWith(view, 12, 'VP8 ') && startsWith(view, 23, '\x9d\x01\x2a')) {
    return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff }
  }
  if (startsWith(view, 12, 'VP8L') && startsWith(view, 20, '\x2f')) {
    const bits = view.getUint32(21, true)
    return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 }
  }
  if (startsWith(view, 12, 'VP8X')) {
    return { width: uint24(view, 24) + 1, height: uint24(view, 27) + 1 }
  }
  return undefined
}

function uint24(view: DataView, position: number): number {
  return view.getUint16(position, true) | (view.getUint8(position + 2) << 16)
}

/** @param text one character for each byte */
function startsWith(view: DataView, position: number, text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    if (byteAt(view, position + index) !== text.charCodeAt(index)) return false
  }
  return true
}

function byteAt(view: DataView, position: number): number | undefined {
  return position < view.byteLength ? view.getUint8(position) : undefined
}
