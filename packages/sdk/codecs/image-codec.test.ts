import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toTensor } from '../tensor/index.ts'
import { encodedImage } from './encoded-image.ts'
import { imageCodec } from './image-codec.ts'
import { IMAGES } from './image-fixture.ts'

const images = Object.values(IMAGES).map(({ bytes }) => encodedImage(bytes))

test('images travel as base64 text and are read again', () => {
  const tensor = imageCodec.encode('x', images)
  assert.deepEqual(tensor.shape, [images.length, 1])
  assert.deepEqual(tensor.parameters, { content_type: 'pillow_image' })
  assert.equal(
    tensor.datatype === 'BYTES' && tensor.data.textAt(0),
    Buffer.from(IMAGES.png.bytes).toString('base64'),
  )
  assert.deepEqual(imageCodec.decode(tensor), images)
})

test('files as they are are read too', () => {
  const data = Object.values(IMAGES).map(({ bytes }) => bytes)
  const read = imageCodec.decode(toTensor({ name: 'x', datatype: 'BYTES', shape: [data.length], data }))
  assert.deepEqual(
    read.map(({ mediaType, width, height }) => [mediaType, width, height]),
    images.map(({ mediaType, width, height }) => [mediaType, width, height]),
  )
})

test('what is no image is refused by its element', () => {
  const cut = IMAGES.png.bytes.subarray(0, 20)
  for (const element of ['', 'hello', '{}', cut, Buffer.from(cut).toString('base64')]) {
    const data = [IMAGES.gif.bytes, element]
    assert.throws(() => imageCodec.decode(toTensor({ name: 'x', datatype: 'BYTES', shape: [2], data })), {
      code: 'INVALID_ARGUMENT',
      message:
        "tensor 'x', element 1 is not a PNG, JPEG, GIF or WebP image, as it is or as base64 text, which content type 'pillow_image' needs",
    })
  }
  assert.throws(
    () => imageCodec.decode({ name: 'x', datatype: 'UINT8', shape: [1], data: Uint8Array.of(1) }),
    {
      message: "tensor 'x' has datatype UINT8; content type 'pillow_image' needs BYTES",
    },
  )
})

test('takes images only', () => {
  assert.equal(imageCodec.canEncode(images), true)
  assert.equal(imageCodec.canEncode([IMAGES.png.bytes]), false)
})
