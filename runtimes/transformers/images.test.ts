import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toTensor } from '@millrace/sdk'
import { ask, contextOf, knownAnswers, loaded, texts } from './model-fixture.ts'

const { inputs } = (await knownAnswers()).find(({ model }) => model === 'image')!
const [picture, other] = inputs['args'] as readonly [string, string]
const file = Buffer.from(picture, 'base64')
const model = await loaded('image')

test('a picture is a file, or base64 text of one, under each content type for it', async () => {
  const [expected] = await ask(model, [texts('args', [picture, other])])
  const bytes = { name: 'args', datatype: 'BYTES', shape: [1], data: [new Uint8Array(file)] } as const
  for (const input of [
    texts('args', [picture]),
    texts('args', [picture], 'pillow_image'),
    texts('args', [picture], 'base64'),
    bytes,
  ])
    assert.deepEqual(await ask(model, [input]), expected)
  assert.deepEqual(await ask(model, [texts('images', [picture])]), [expected])
})

test('a picture of another size is made to fit', async () => {
  // One pixel.
  const gif = 'R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'
  assert.equal((await ask(model, [texts('args', [gif])], { top_k: 1 })).length, 1)
})

test('features of pictures are lists of numbers', async () => {
  const features = await loaded('image', { extra: { task: 'image-feature-extraction' } })
  const [values] = (await ask(features, [texts('args', [picture])])) as [number[]]
  assert.equal(values.length, 3)
})

test('a text is never an address: neither files nor the network are read', async () => {
  for (const contentType of [undefined, 'pillow_image', 'base64', 'str', 'raw', 'hg_json'])
    for (const address of ['/etc/passwd', 'http://127.0.0.1/x.png', 'file:///etc/passwd']) {
      const text = contentType === 'hg_json' ? JSON.stringify(address) : address
      await assert.rejects(ask(model, [texts('args', [text], contentType)]), {
        code: 'INVALID_ARGUMENT',
        message: /is no picture|PNG, JPEG, GIF or WebP/,
      })
    }
})

test('a picture of too many pixels is refused by its header', async () => {
  const huge = Buffer.from(file)
  huge.writeUInt32BE(60_000, 16)
  huge.writeUInt32BE(60_000, 20)
  await assert.rejects(ask(model, [texts('args', [huge.toString('base64')])]), {
    code: 'INVALID_ARGUMENT',
    message:
      "input 'args', element 0 has 60000 by 60000 pixels; at most 50000000 are allowed (max_image_pixels)",
  })
  const small = await loaded('image', { extra: { max_image_pixels: 255 } })
  await assert.rejects(ask(small, [texts('args', [picture])]), { message: /16 by 16 pixels; at most 255/ })
})

test('a damaged picture is the request’s fault', async () => {
  const damaged = file.subarray(0, 60).toString('base64')
  await assert.rejects(ask(model, [texts('args', [damaged])]), {
    code: 'INVALID_ARGUMENT',
    message: 'a picture of 16 by 16 pixels (image/png, 60 bytes) cannot be decoded',
  })
})

test('the output is declared', async () => {
  assert.deepEqual(model.bound.model.outputs, [{ name: 'output', datatype: 'BYTES', shape: [-1, 1] }])
  const request = { modelName: 'm', inputs: [toTensor(texts('args', [picture]))], outputs: [{ name: 'x' }] }
  await assert.rejects(model.bound.predict(request, contextOf().context), { code: 'INVALID_ARGUMENT' })
})
