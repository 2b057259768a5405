import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { decodeStatusResponse, encodeStatusResponse, loadHydrosphereG2 } from '../index.ts'

const { service } = await loadHydrosphereG2()
const { StatusResponseSchema, StatusResponse_ServiceStatus: Status } = service

test('every status is read and written as the generated code does', () => {
  for (const status of ['UNKNOWN', 'SERVING', 'NOT_SERVING'] as const) {
    for (const message of ['', 'func_main is missing']) {
      const theirs = toBinary(
        StatusResponseSchema,
        create(StatusResponseSchema, { status: Status[status], message }),
      )
      assert.deepEqual(decodeStatusResponse(theirs), { status, message })
      assert.deepEqual(new Uint8Array(encodeStatusResponse({ status, message })), theirs)
      assert.equal(
        fromBinary(StatusResponseSchema, encodeStatusResponse({ status, message })).message,
        message,
      )
    }
  }
})

test('a status that is not known, a field that is not, and bytes that are none', () => {
  assert.deepEqual(decodeStatusResponse(Uint8Array.of(0x08, 9, 0x18, 1)), { status: 'UNKNOWN', message: '' })
  assert.throws(() => decodeStatusResponse(Uint8Array.of(0xff)), { code: 'INVALID_ARGUMENT' })
})
