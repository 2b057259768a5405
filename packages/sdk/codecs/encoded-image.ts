import { ServingError } from '../errors/index.ts'
import { readImageHeader } from './image-header.ts'

export type ImageMediaType = 'image/png' | 'image/jpeg' | 'image/gif' | 'image/webp'

/**
 * A picture as a file holds it. Its pixels are not decoded, nor is anything behind the header looked
 * at: a model that needs pixels brings a library of its own.
 */
export interface EncodedImage {
  /** The whole file. */
  readonly bytes: Uint8Array
  readonly mediaType: ImageMediaType
  /** In pixels, as the header says and before any rotation that it asks for. */
  readonly width: number
  readonly height: number
}

/**
 * The image in these bytes, which are not copied.
 * @throws ServingError INVALID_ARGUMENT when they do not begin as a PNG, JPEG, GIF or WebP file does, or
 * end before the header does
 */
export function encodedImage(bytes: Uint8Array): EncodedImage {
  const header = readImageHeader(bytes)
  if (header !== undefined) return { bytes, ...header }
  throw new ServingError(
    'INVALID_ARGUMENT',
    `the ${bytes.length} bytes given do not begin with the header of a PNG, JPEG, GIF or WebP image`,
  )
}

/**
 * True for an image whose type and size are those that its bytes begin with.
 */
export function isEncodedImage(value: unknown): value is EncodedImage {
  if (typeof value !== 'object' || value === null) return false
  const { bytes, mediaType, width, height } = value as { [member in keyof EncodedImage]?: unknown }
  if (!(bytes instanceof Uint8Array)) return false
  const header = readImageHeader(bytes)
  if (header === undefined) return false
  return header.mediaType === mediaType && header.width === width && header.height === height
}
