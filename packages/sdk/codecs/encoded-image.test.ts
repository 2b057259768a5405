import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { encodedImage, isEncodedImage } from './encoded-image.ts'
import { bytesOf, IMAGES } from './image-fixture.ts'
import { readImageHeader } from './image-header.ts'

const KINDS = Object.entries(IMAGES)

test('reads type and size of every kind of file', () => {
  for (const [kind, { mediaType, bytes }] of KINDS) {
    assert.deepEqual(encodedImage(bytes), { bytes, mediaType, width: 3, height: 2 }, kind)
  }
})

test('reads from the middle of other bytes', () => {
  const around = Buffer.concat([Buffer.from('xx'), IMAGES.png.bytes])
  assert.equal(encodedImage(around.subarray(2)).width, 3)
})

test('a header that ends too early is none, wherever it ends', () => {
  const needed = { png: 33, jpeg: 30, gif: 13, webpLossy: 30, webpLossless: 30, webpExtended: 30 }
  for (const [kind, { bytes }] of KINDS) {
    const least = needed[kind as keyof typeof needed]
    for (let end = 0; end < least; end++) {
      assert.equal(readImageHeader(bytes.subarray(0, end)), undefined, `${kind}, ${end} bytes`)
    }
    assert.equal(readImageHeader(bytes.subarray(0, least))?.width, 3, kind)
  }
})

test('other bytes are refused', () => {
  const others = [
    '',
    '25504446', // a PDF
    'ffd8ffd9', // a JPEG without a frame
    'ffd8 ffda 0008 0101 0000 3f00', // one that begins with a scan
    'ffd8 ffe0 0001 ffc0 000b 08 0002 0003', // one with a segment shorter than its own length
    'ffd8 ffe0 ffff', // one whose segment leads beyond the end
    'ffd8 ffc4 0002 ffc8 0002 ffcc 0002', // one of tables only
    'ffd8 ffc0 000b 08 0000 0003', // one of height 0
    '89504e470d0a1a0a 0000000d 49484452 00000000 00000002 08060000 00 b9ead981', // a PNG of width 0
    '52494646 16000000 57454250 414c5048 0a000000 00 000000 020000 010000', // a WebP that begins otherwise
  ]
  for (const hex of others) {
    assert.throws(() => encodedImage(bytesOf(hex)), {
      code: 'INVALID_ARGUMENT',
      message: /bytes given do not begin with the header of a PNG, JPEG, GIF or WebP image$/,
    })
  }
})

test('segments without end are given up', () => {
  const [start, ...frame] = [IMAGES.jpeg.bytes.subarray(0, 2), IMAGES.jpeg.bytes.subarray(21)]
  const comments = (count: number) =>
    Buffer.concat([start, Buffer.alloc(count * 4, 'fffe0002', 'hex'), ...frame])
  assert.equal(readImageHeader(comments(4095))?.height, 2)
  assert.equal(readImageHeader(comments(4096)), undefined)
})

test('an image is one whose type and size are those of its bytes', () => {
  const image = encodedImage(IMAGES.png.bytes)
  assert.equal(isEncodedImage(image), true)
  for (const other of [
    { ...image, width: 4 },
    { ...image, mediaType: 'image/jpeg' },
    { ...image, bytes: new Uint8Array(40) },
    { ...image, bytes: 'abc' },
    { bytes: new Uint8Array(0), mediaType: undefined, width: undefined, height: undefined },
    {},
    null,
    'abc',
  ]) {
    assert.equal(isEncodedImage(other), false)
  }
})

test('no bytes break it', () => {
  const start = fc.constantFrom(...KINDS.map(([, { bytes }]) => bytes))
  fc.assert(
    fc.property(start, fc.nat(40), fc.uint8Array({ maxLength: 60 }), (bytes, kept, rest) => {
      const header = readImageHeader(Buffer.concat([bytes.subarray(0, kept), rest]))
      assert.ok(header === undefined || (header.width > 0 && header.height > 0))
    }),
  )
})
