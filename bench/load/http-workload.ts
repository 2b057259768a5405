import type { HttpExchangeBytes } from './http-connection.ts'
import { assertSameData, assertSameTensor, type BenchTensor, bytesOf } from './tensors.ts'

const JSON_LENGTH = 'inference-header-content-length'

/** One infer request over REST, and what its answer must say. */
export interface HttpWorkload {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** @throws Error when the answer is not the tensor that was sent */
  check(headers: Headers, body: Buffer): void
}

/** The parts of an infer response that a check looks at. */
interface InferResponseJson {
  readonly outputs: readonly {
    readonly datatype: string
    readonly shape: readonly number[]
    readonly data?: readonly number[]
  }[]
}

/** The tensor as JSON numbers, both ways. */
export function jsonWorkload(tensor: BenchTensor, model = 'echo'): HttpWorkload {
  const input = { name: 'x', shape: tensor.shape, datatype: 'FP32', data: Array.from(tensor.data) }
  return {
    path: pathOf(model),
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify({ id: '1', inputs: [input] })),
    check(_headers, body) {
      const data = checkedOutput(tensor, body).data ?? []
      assertSameData(tensor, Float32Array.from(data))
    },
  }
}

/** The tensor as an application takes it at the gateway: nested arrays by the names of its inputs. */
export function gatewayWorkload(tensor: BenchTensor, application: string): HttpWorkload {
  const [rows, columns] = tensor.shape as readonly [number, number]
  const values = Array.from(tensor.data, value => Number(value.toPrecision(7)))
  const x = Array.from({ length: rows }, (_, row) => values.slice(row * columns, (row + 1) * columns))
  return {
    path: `/gateway/application/${application}`,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify({ x })),
    check(_headers, body) {
      const answer = JSON.parse(body.toString()) as { readonly x: readonly (readonly number[])[] }
      assertSameData(tensor, Float32Array.from(answer.x.flat()))
    },
  }
}

/** The tensor as bytes behind the JSON (binary tensor data extension), both ways. */
export function binaryWorkload(tensor: BenchTensor): HttpWorkload {
  const input = {
    name: 'x',
    shape: tensor.shape,
    datatype: 'FP32',
    parameters: { binary_data_size: tensor.data.byteLength },
  }
  const json = Buffer.from(
    JSON.stringify({ id: '1', parameters: { binary_data_output: true }, inputs: [input] }),
  )
  return {
    path: pathOf('echo'),
    headers: { 'content-type': 'application/octet-stream', [JSON_LENGTH]: String(json.length) },
    body: Buffer.concat([json, bytesOf(tensor)]),
    check(headers, body) {
      const jsonLength = headers.get(JSON_LENGTH)
      if (jsonLength === null) throw new Error(`the answer has no header ${JSON_LENGTH}, so it is not binary`)
      checkedOutput(tensor, body.subarray(0, Number(jsonLength)))
      // Copied, so that it lies where floats may lie.
      const bytes = Uint8Array.from(body.subarray(Number(jsonLength)))
      assertSameData(tensor, new Float32Array(bytes.buffer))
    },
  }
}

/** Sends one request by `fetch`, checks its answer, and says which bytes the load sends and expects. */
export async function verifyHttp(port: number, workload: HttpWorkload): Promise<HttpExchangeBytes> {
  const headers = {
    host: `127.0.0.1:${port}`,
    ...workload.headers,
    // Compression is not what these scenarios compare.
    'accept-encoding': 'identity',
    'content-length': String(workload.body.length),
  }
  const { host, ...fetchHeaders } = headers
  const response = await fetch(`http://${host}${workload.path}`, {
    method: 'POST',
    headers: fetchHeaders,
    body: new Uint8Array(workload.body),
  })
  const body = Buffer.from(await response.arrayBuffer())
  if (response.status !== 200) {
    throw new Error(`the server answered ${response.status}: ${body.subarray(0, 500).toString()}`)
  }
  workload.check(response.headers, body)

  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const head = `POST ${workload.path} HTTP/1.1\r\n${lines.join('')}\r\n`
  return {
    request: Buffer.concat([Buffer.from(head, 'latin1'), workload.body]),
    responseBodyBytes: body.length,
  }
}

function checkedOutput(tensor: BenchTensor, json: Buffer): InferResponseJson['outputs'][number] {
  const response = JSON.parse(json.toString()) as InferResponseJson
  const [output] = response.outputs
  if (output === undefined) throw new Error('the answer has no output')
  assertSameTensor(tensor, output.datatype, output.shape)
  return output
}

function pathOf(model: string): string {
  return `/v2/models/${model}/infer`
}
