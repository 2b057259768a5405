/**
 * The echo that anybody would write on bare `node:http`: JSON in, typed array, JSON out;
 * or bytes in, bytes out. No limits, no validation, no metrics, one path for all: what is left is
 * what Node.js itself costs.
 */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

interface InferJson {
  readonly id: string
  readonly inputs: readonly {
    readonly name: string
    readonly shape: readonly number[]
    readonly datatype: string
    readonly data: readonly number[]
  }[]
}

const JSON_LENGTH = 'inference-header-content-length'

/** The default of 5 s would end connections of a load that a busy machine keeps waiting. */
const KEEP_ALIVE_TIMEOUT_MS = 60_000

const server = createServer({ keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS }, (request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const body = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
    const jsonLength = request.headers[JSON_LENGTH]
    if (jsonLength === undefined) answerJson(body, response)
    else answerBinary(body, Number(jsonLength), response)
  })
})

function answerJson(body: Buffer, response: ServerResponse): void {
  const { id, inputs } = JSON.parse(body.toString()) as InferJson
  const tensors = inputs.map(input => ({ ...input, data: Float32Array.from(input.data) }))
  const outputs = tensors.map(({ name, shape, datatype, data }) => ({
    name,
    shape,
    datatype,
    data: Array.from(data),
  }))
  const answer = Buffer.from(JSON.stringify({ model_name: 'echo', id, outputs }))
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length })
  response.end(answer)
}

function answerBinary(body: Buffer, jsonLength: number, response: ServerResponse): void {
  const { id, inputs } = JSON.parse(body.toString('utf8', 0, jsonLength)) as InferJson
  const json = Buffer.from(JSON.stringify({ model_name: 'echo', id, outputs: inputs }))
  const tensor = body.subarray(jsonLength)
  response.writeHead(200, {
    'content-type': 'application/octet-stream',
    [JSON_LENGTH]: json.length,
    'content-length': json.length + tensor.length,
  })
  response.write(json)
  response.end(tensor)
}

server.listen(0, '127.0.0.1', () => console.log(`rest ${(server.address() as AddressInfo).port}`))
