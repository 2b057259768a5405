import { RawImage } from '@huggingface/transformers'
import { codecFor, type EncodedImage, encodedImage, ServingError, type Tensor } from '@millrace/sdk'

const IMAGE_TYPE = 'pillow_image'

/** An input of pictures with its content type said, where the client has not: they travel as base64 text then. */
export function asImages(tensor: Tensor): Tensor {
  if (tensor.datatype !== 'BYTES' || tensor.parameters?.['content_type'] !== undefined) return tensor
  return { ...tensor, parameters: { ...tensor.parameters, content_type: IMAGE_TYPE } }
}

/**
 * Pictures of a request, by their first bytes alone.
 *
 * Nothing but bytes becomes a picture: the library would take a text for the address of one, and read any file or ask
 * anybody on the network.
 * @throws ServingError INVALID_ARGUMENT for what is no picture, or has too many pixels
 */
export function readImages(value: unknown, name: string, maxPixels: number): EncodedImage[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  return list.map((item, index) => {
    const image = item instanceof Uint8Array ? encodedImage(item) : item
    if (!isImage(image)) {
      throw invalid(
        `input '${name}', element ${index} is no picture; send it with content type '${IMAGE_TYPE}' or 'base64'`,
      )
    }
    const { width, height } = image
    if (width * height > maxPixels) {
      throw invalid(
        `input '${name}', element ${index} has ${width} by ${height} pixels; at most ${maxPixels} are allowed (max_image_pixels)`,
      )
    }
    return image
  })
}

/**
 * The pixels of a picture.
 * @throws ServingError INVALID_ARGUMENT if it is damaged behind its header
 */
export async function decodeImage({ bytes, mediaType, width, height }: EncodedImage): Promise<RawImage> {
  try {
    return await RawImage.fromBlob(new Blob([new Uint8Array(bytes)], { type: mediaType }))
  } catch (cause) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `a picture of ${width} by ${height} pixels (${mediaType}, ${bytes.length} bytes) cannot be decoded`,
      { cause },
    )
  }
}

function isImage(value: unknown): value is EncodedImage {
  return codecFor(IMAGE_TYPE).canEncode([value])
}

function invalid(message: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', message)
}
