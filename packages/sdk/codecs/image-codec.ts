import { readBase64, writeBase64 } from './bytes-codecs.ts'
import type { CodecValues } from './codec-values.ts'
import { createElementCodec } from './element-codec.ts'
import { type EncodedImage, encodedImage, isEncodedImage } from './encoded-image.ts'
import { readImageHeader } from './image-header.ts'
import type { TensorCodec } from './tensor-codec.ts'

/**
 * `pillow_image`: PNG, JPEG, GIF and WebP files, each one element, which travels as base64 text and is
 * also read as the file itself. Pixels are not decoded.
 */
export const imageCodec: TensorCodec<CodecValues['pillow_image']> = createElementCodec<EncodedImage>({
  contentType: 'pillow_image',
  meaning: 'a PNG, JPEG, GIF or WebP image, as it is or as base64 text',
  canEncode: isEncodedImage,
  write: ({ bytes }) => writeBase64(bytes),
  // A file as it is has no need to be searched for base64.
  read: element => encodedImage(readImageHeader(element) === undefined ? readBase64(element) : element),
})
