import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { GrpcInput, RawInput, RestInput } from '../inputs/fuzz-input.ts'
import { framed } from '../inputs/grpc-frames.ts'
import type { GrpcReply } from '../wire/outcome.ts'
import { judge } from './judge.ts'

const POST: RestInput = { kind: 'rest', method: 'POST', target: '/v2', headers: [], body: Buffer.of() }
const JSON_TYPE = 'application/json'

function rest(status: number, body: string | Uint8Array, headers: Readonly<Record<string, string>> = {}) {
  const all = new Map(Object.entries({ 'content-type': JSON_TYPE, ...headers }))
  return judge(POST, { kind: 'rest', reply: { status, headers: all, body: Buffer.from(body) } })
}

suite('a REST answer', () => {
  test('that is right', () => {
    assert.equal(rest(200, '{"outputs":[]}'), undefined)
    assert.equal(rest(404, '{"error":"Model a not found"}'), undefined)
    assert.equal(rest(503, '{"error":"full"}'), undefined)
    assert.equal(rest(400, gzipSync('{"error":"no"}'), { 'content-encoding': 'gzip' }), undefined)
    assert.equal(rest(200, 'data: {"a":"\u2028"}\n\n', { 'content-type': 'text/event-stream' }), undefined)
    const binary = `{"outputs":[{"parameters":{"binary_data_size":2}}]}`
    assert.equal(
      rest(200, `${binary}xy`, { 'inference-header-content-length': `${binary.length}` }),
      undefined,
    )
  })

  test('with a status that nobody documented', () => {
    for (const status of [500, 502, 505, 302, 100]) {
      assert.match(rest(status, '{"error":"x"}') ?? '', new RegExp(`status ${status}`))
    }
  })

  test('that is no JSON, or has no error where there was one', () => {
    assert.match(rest(400, 'Bad Request') ?? '', /unreadable/)
    assert.match(rest(400, '{"detail":[]}') ?? '', /without 'error'/)
    assert.match(rest(400, '') ?? '', /unreadable/)
    assert.match(rest(200, '{"a":NaN}') ?? '', /unreadable/)
    assert.match(rest(200, Buffer.of(0x22, 0xff, 0x22)) ?? '', /unreadable/)
    assert.match(rest(200, 'data: {', { 'content-type': 'text/event-stream' }) ?? '', /does not end/)
  })

  test('that owes binary data', () => {
    const binary = `{"outputs":[{"parameters":{"binary_data_size":3}}]}`
    assert.match(
      rest(200, `${binary}xy`, { 'inference-header-content-length': `${binary.length}` }) ?? '',
      /3 bytes are announced, 2 were sent/,
    )
  })

  test('that blames the server', () => {
    assert.match(rest(400, '{"error":"Model m failed unexpectedly"}') ?? '', /blames the server/)
  })
})

const CALL: GrpcInput = {
  kind: 'grpc',
  path: '/inference.GRPCInferenceService/ModelInfer',
  headers: [['content-type', 'application/grpc']],
  pieces: [framed(Buffer.of(1, 2))],
  ending: 'end',
}

function grpc(reply: Partial<GrpcReply>, input: Partial<GrpcInput> = {}) {
  const sound: GrpcReply = {
    httpStatus: 200,
    contentType: 'application/grpc',
    grpcStatus: '3',
    grpcMessage: 'no',
    grpcEncoding: undefined,
    bytes: Buffer.of(),
    resetCode: 0,
  }
  return judge({ ...CALL, ...input }, { kind: 'grpc', reply: { ...sound, ...reply } })
}

suite('the end of a call', () => {
  test('that is right', () => {
    assert.equal(grpc({}), undefined)
    assert.equal(grpc({ grpcStatus: '0', bytes: framed(Buffer.of()) }), undefined)
    const named = Buffer.of(0x0a, 1, 0x61, 0x12, 2, 0x62, 0x63)
    assert.equal(grpc({ grpcStatus: '0', bytes: framed(named) }), undefined)
    assert.equal(grpc({ httpStatus: 415 }, { headers: [['content-type', 'text/plain']] }), undefined)
  })

  test('with a status that means a defect', () => {
    assert.match(grpc({ grpcStatus: '2' }) ?? '', /status 2/)
    assert.match(grpc({ grpcStatus: '13' }) ?? '', /for sound frames/)
    assert.match(grpc({ grpcStatus: '17' }) ?? '', /grpc-status '17'/)
    assert.match(grpc({ grpcStatus: undefined }) ?? '', /no grpc-status/)
  })

  test('with INTERNAL where frames are broken', () => {
    const bad = [
      framed(Buffer.of(1), 7),
      framed(Buffer.of(1), 1),
      framed(Buffer.of(1), 0, 9),
      Buffer.of(0, 0),
    ]
    for (const bytes of bad) assert.equal(grpc({ grpcStatus: '13' }, { pieces: [bytes] }), undefined)
    const zipped = framed(gzipSync('a'), 1)
    const headers = [...CALL.headers, ['grpc-encoding', 'gzip'] as const]
    assert.match(grpc({ grpcStatus: '13' }, { pieces: [zipped], headers }) ?? '', /for sound frames/)
  })

  test('with a success that has no message, two, or one that cannot be read', () => {
    assert.match(grpc({ grpcStatus: '0' }) ?? '', /0 messages/)
    const two = Buffer.concat([framed(Buffer.of()), framed(Buffer.of())])
    assert.match(grpc({ grpcStatus: '0', bytes: two }) ?? '', /2 messages/)
    for (const message of [Buffer.of(0x0a, 9), Buffer.of(0x0f), Buffer.of(0x80), Buffer.of(0x2a, 1, 0x0f)]) {
      assert.match(grpc({ grpcStatus: '0', bytes: framed(message) }) ?? '', /unreadable/)
    }
    assert.match(grpc({ grpcStatus: '0', bytes: Buffer.of(0, 0, 0, 0, 9) }) ?? '', /frames are broken/)
  })
})

const RAW: RawInput = { kind: 'raw', port: 'rest', writes: [], ending: 'half-close' }
const ANSWER =
  'HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: 13\r\n\r\n{"error":"x"}'

function raw(port: RawInput['port'], bytes: Uint8Array, isClosed = true) {
  return judge({ ...RAW, port }, { kind: 'raw', bytes: Buffer.from(bytes), isClosed })
}

function rawRest(text: string) {
  return raw('rest', Buffer.from(text))
}

function rawGrpc(...bytes: number[]) {
  return raw('grpc', Buffer.from(bytes))
}

suite('what comes back on a bare connection', () => {
  test('of the REST port', () => {
    assert.equal(rawRest(''), undefined)
    assert.equal(rawRest(`HTTP/1.1 100 Continue\r\n\r\n${ANSWER}${ANSWER}`), undefined)
    assert.match(rawRest(ANSWER.slice(0, -1)) ?? '', /broke off/)
    assert.match(rawRest('HTTP/1.1 200 OK\r\n\r\n') ?? '', /neither a length/)
    assert.match(rawRest(ANSWER.replace('400', '500')) ?? '', /status 500/)
    assert.match(rawRest(ANSWER.replace('content-type', 'content type')) ?? '', /header line/)
    assert.match(raw('rest', Buffer.from(ANSWER), false) ?? '', /stayed open/)
  })

  test('of the gRPC port', () => {
    assert.equal(rawGrpc(), undefined)
    assert.equal(rawGrpc(0, 0, 0, 4, 0, 0, 0, 0, 0), undefined)
    assert.match(rawGrpc(0, 0, 0, 6, 0, 0, 0, 0, 0) ?? '', /first frame/)
    assert.match(rawGrpc(0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 200, 0, 0, 0, 0, 0) ?? '', /type 200/)
  })
})

test('an answer that never came', () => {
  assert.equal(judge(POST, { kind: 'lost', reason: 'no answer' }), 'no answer')
})
