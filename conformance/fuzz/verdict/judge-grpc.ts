import { fileURLToPath } from 'node:url'
import { gunzipSync, inflateSync } from 'node:zlib'
import type { ServiceDefinition } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import type { GrpcInput } from '../inputs/fuzz-input.ts'
import type { GrpcReply } from '../wire/outcome.ts'
import { framingFault } from './framing-fault.ts'
import { DEFECT_TEXT } from './judge-rest.ts'
import { messageFault } from './message-fault.ts'

const PROTO_FOLDER = fileURLToPath(new URL('../../../packages/sdk/protocol/proto/', import.meta.url))
const SERVICE = loadSync('inference.proto', { includeDirs: [PROTO_FOLDER] })[
  'inference.GRPCInferenceService'
] as ServiceDefinition
const PREFIX = '/inference.GRPCInferenceService/'
const UNKNOWN = 2
const INTERNAL = 13
const CODE_MAX = 16

/** What is wrong with the end of a call. */
export function judgeGrpc(input: GrpcInput, reply: GrpcReply): string | undefined {
  const type = input.headers.find(([name]) => name === 'content-type')?.[1] ?? ''
  if (!/^application\/grpc(?:\+proto)?\s*(?:;|$)/i.test(type)) {
    return reply.httpStatus === 415 ? undefined : `HTTP status ${reply.httpStatus} for content type '${type}'`
  }
  if (reply.httpStatus !== 200) return `HTTP status ${reply.httpStatus}`
  if (reply.contentType !== 'application/grpc') return `content type '${reply.contentType}'`
  if (reply.grpcStatus === undefined) return `no grpc-status; reset with ${reply.resetCode}`
  const code = /^\d{1,2}$/.test(reply.grpcStatus) ? Number(reply.grpcStatus) : Number.NaN
  if (!(code <= CODE_MAX)) return `grpc-status '${reply.grpcStatus}'`
  const message = decodeURIComponent(reply.grpcMessage ?? '')
  const said = `status ${code}: ${message.slice(0, 300)}`
  if (code === UNKNOWN || DEFECT_TEXT.test(message)) return said
  if (code === INTERNAL) {
    const encoding = input.headers.find(([name]) => name === 'grpc-encoding')?.[1]
    if (framingFault(Buffer.concat(input.pieces), encoding) === undefined) return `${said} (for sound frames)`
  }
  return judgeMessages(input.path, reply, code === 0)
}

function judgeMessages(
  path: string,
  { bytes, grpcEncoding }: GrpcReply,
  isSuccess: boolean,
): string | undefined {
  const fault = framingFault(bytes, grpcEncoding)
  if (fault !== undefined) return `the answer's frames are broken: ${fault}`
  const messages = [...messagesOf(bytes, grpcEncoding)]
  const isUnary = SERVICE[path.slice(PREFIX.length)]?.requestStream === false
  if (isUnary && isSuccess && messages.length !== 1) return `${messages.length} messages answer a unary call`
  return messages.map(message => judgeMessage(path, message)).find(complaint => complaint !== undefined)
}

function* messagesOf(bytes: Buffer, encoding: string | undefined): Generator<Buffer> {
  for (let position = 0; position < bytes.length; ) {
    const start = position + 5
    const end = start + bytes.readUInt32BE(position + 1)
    const content = bytes.subarray(start, end)
    yield bytes[position] === 0 ? content : encoding === 'gzip' ? gunzipSync(content) : inflateSync(content)
    position = end
  }
}

/** A stream's messages have one of two shapes; the decoder of the other would not take them. */
function judgeMessage(path: string, message: Buffer): string | undefined {
  if (DEFECT_TEXT.test(message.toString('latin1')))
    return `a message blames the server: ${message.toString('latin1').slice(0, 300)}`
  const fault = messageFault(message)
  if (fault !== undefined) return `an unreadable answer: ${fault}`
  const name = path.startsWith(PREFIX) ? path.slice(PREFIX.length) : ''
  const readers =
    name === 'ModelStreamInfer' ? [SERVICE['ModelStreamInfer'], SERVICE['ModelInfer']] : [SERVICE[name]]
  let failure: unknown
  for (const reader of readers) {
    try {
      reader?.responseDeserialize(message)
      return undefined
    } catch (error) {
      failure = error
    }
  }
  return `an unreadable answer: ${String(failure)}`
}
