import assert from 'node:assert/strict'
import { test } from 'node:test'
import { requestBlocks } from './hpack-request.ts'

test('encodes as RFC 7541 does in its appendix C.3.1', () => {
  const { first } = requestBlocks([
    { kind: 'static', index: 2 }, // :method GET
    { kind: 'static', index: 6 }, // :scheme http
    { kind: 'static', index: 4 }, // :path /
    { kind: 'named', nameIndex: 1, value: 'www.example.com' },
  ])
  assert.equal(first.toString('hex'), '828684410f7777772e6578616d706c652e636f6d')
})

test('encodes a new name as RFC 7541 does in its appendix C.2.1', () => {
  const { first } = requestBlocks([{ kind: 'new', name: 'custom-key', value: 'custom-header' }])
  assert.equal(first.toString('hex'), '400a637573746f6d2d6b65790d637573746f6d2d686561646572')
})

test('later requests refer to what the first one entered, the newest entry first', () => {
  const { later } = requestBlocks([
    { kind: 'named', nameIndex: 4, value: '/a' },
    { kind: 'static', index: 3 },
    { kind: 'new', name: 'te', value: 'trailers' },
  ])
  assert.deepEqual([...later], [0x80 | 63, 0x83, 0x80 | 62])
})

test('what does not fit into one byte is refused, not cut', () => {
  requestBlocks([{ kind: 'new', name: 'x', value: 'v'.repeat(126) }])
  assert.throws(() => requestBlocks([{ kind: 'new', name: 'x', value: 'v'.repeat(127) }]), RangeError)
})
