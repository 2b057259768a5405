import { isDeepStrictEqual } from 'node:util'
import { framed } from '../inputs/grpc-frames.ts'
import { lengthDelimited, packed, text } from '../inputs/protobuf-bytes.ts'
import { Client, type Ports } from '../wire/client.ts'

const NUMBERS = [1, -2, 3]

/** Asks what any client may ask, over REST and over gRPC, on connections of its own. Resolves with what is wrong with the answers. */
export async function askGoodRequests(ports: Ports): Promise<string | undefined> {
  const client = new Client(ports)
  try {
    return (await askRest(client)) ?? (await askGrpc(client))
  } finally {
    client.close()
  }
}

async function askRest(client: Client): Promise<string | undefined> {
  const request = { id: 'good', inputs: [{ name: 'numbers', shape: [3], datatype: 'INT32', data: NUMBERS }] }
  const outcome = await client.send({
    kind: 'rest',
    method: 'POST',
    target: '/v2/models/typed/infer',
    headers: [['content-type', 'application/json']],
    body: Buffer.from(JSON.stringify(request)),
  })
  if (outcome.kind !== 'rest') return `a good REST request: ${JSON.stringify(outcome)}`
  const { status, body } = outcome.reply
  const answer: unknown = status === 200 ? JSON.parse(body.toString()) : undefined
  const expected = [
    { name: 'total', datatype: 'INT64', shape: [1], data: [2] },
    { name: 'count', datatype: 'INT32', shape: [1], data: [0] },
  ]
  if (isDeepStrictEqual(pick(answer, 'id'), 'good') && isDeepStrictEqual(pick(answer, 'outputs'), expected))
    return undefined
  return `a good REST request was answered with ${status}: ${body.toString()}`
}

async function askGrpc(client: Client): Promise<string | undefined> {
  const raw = Buffer.from(Float32Array.from(NUMBERS).buffer)
  const tensor = Buffer.concat([text(1, 'input'), text(2, 'FP32'), packed(3, [3n])])
  const message = Buffer.concat([
    text(1, 'echo'),
    text(3, 'good'),
    lengthDelimited(5, tensor),
    lengthDelimited(7, raw),
  ])
  const outcome = await client.send({
    kind: 'grpc',
    path: '/inference.GRPCInferenceService/ModelInfer',
    headers: [['content-type', 'application/grpc']],
    pieces: [framed(message)],
    ending: 'end',
  })
  if (outcome.kind !== 'grpc') return `a good gRPC call: ${JSON.stringify(outcome)}`
  const { grpcStatus, grpcMessage, bytes } = outcome.reply
  // The answer's fields stand one behind the other, tensor and raw contents as in the request but for the field number.
  const isEchoed =
    bytes.includes(lengthDelimited(6, raw)) && bytes.includes(tensor) && bytes.includes(text(3, 'good'))
  if (grpcStatus === '0' && isEchoed) return undefined
  return `a good gRPC call was answered with status ${grpcStatus} (${grpcMessage}) and ${bytes.toString('hex')}`
}

function pick(value: unknown, member: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, unknown>>)[member]
    : undefined
}
