import assert from 'node:assert/strict'
import { test } from 'node:test'
import { headerTexts, readRequestHeaders } from './request-headers.ts'

const bytes = (text: string) => Buffer.from(text)

test('headers are texts under names in lower case, of equal names the last', () => {
  const headers = headerTexts([
    [bytes('X-One'), bytes('1')],
    [bytes('x-one'), bytes('grün')],
    [bytes('__proto__'), bytes('own')],
    [bytes('none'), undefined],
    [undefined, bytes('nameless')],
    [bytes('broken'), Buffer.of(0x61, 0xff)],
  ])
  assert.deepEqual(Object.entries(headers), [
    ['x-one', 'grün'],
    ['__proto__', 'own'],
    ['none', ''],
    ['', 'nameless'],
    ['broken', 'a\uFFFD'],
  ])
  assert.equal(Object.getPrototypeOf(headers), Object.prototype)
})

test('headers name the model, and may name its version and the method', () => {
  const model = { 'mlserver-model': 'm' }
  const plain = { modelName: 'm', modelVersion: undefined, method: 'infer' }
  assert.deepEqual(readRequestHeaders(model), plain)
  assert.deepEqual(readRequestHeaders({ ...model, 'mlserver-version': '', 'mlserver-method': '' }), plain)
  assert.deepEqual(readRequestHeaders({ ...model, 'mlserver-method': 'infer' }), plain)
  assert.deepEqual(
    readRequestHeaders({ ...model, 'mlserver-version': '2', 'mlserver-method': 'infer_stream' }),
    { modelName: 'm', modelVersion: '2', method: 'infer_stream' },
  )
})

test('a missing model and an unknown method are refused by name', () => {
  for (const headers of [{}, { 'mlserver-model': '' }, Object.create({ 'mlserver-model': 'm' }) as object]) {
    assert.throws(() => readRequestHeaders({ ...headers }), {
      code: 'INVALID_ARGUMENT',
      message: 'record header mlserver-model is missing; it must name a model',
    })
  }
  assert.throws(() => readRequestHeaders({ 'mlserver-model': 'm', 'mlserver-method': 'Infer' }), {
    code: 'INVALID_ARGUMENT',
    message: "record header mlserver-method is 'Infer'; allowed: infer, infer_stream",
  })
})
