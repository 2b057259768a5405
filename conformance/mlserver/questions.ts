import { mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { GrpcAnswer } from './target/grpc-client.ts'
import type { HttpAnswer } from './target/rest-client.ts'

/** The request that most checks send to the sum model; its answer is 6. */
export const SUM_REQUEST = {
  inputs: [{ name: 'input-0', shape: [1, 3], datatype: 'INT32', data: [1, 2, 3] }],
}
export const SENTENCE = 'What is the capital of France?'
export const WORDS = ['What', ' is', ' the', ' capital', ' of', ' France?']
export const SUM_INFER = '/v2/models/sum-model/infer'
export const UUID4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

export function textRequest(text: string, rest: object = {}): object {
  return {
    inputs: [
      { name: 'text', shape: [1], datatype: 'BYTES', parameters: { content_type: 'str' }, data: [text] },
    ],
    ...rest,
  }
}

/** One input `x` of one or more rows. */
export function rowsRequest(rows: readonly (readonly number[])[], rest: object = {}): object {
  const shape = [rows.length, rows[0]?.length ?? 0]
  return { inputs: [{ name: 'x', shape, datatype: 'FP64', data: rows.flat() }], ...rest }
}

/** The member of a JSON value under a path; `undefined` where there is none. */
export function member(value: unknown, ...path: readonly (string | number)[]): unknown {
  let found: unknown = value
  for (const name of path) {
    found = typeof found === 'object' && found !== null ? Reflect.get(found, name) : undefined
  }
  return found
}

/** The data of an output, by place or by name. */
export function outputData({ json }: HttpAnswer, output: number | string = 0): unknown {
  if (typeof output === 'number') return member(json, 'outputs', output, 'data')
  const outputs = member(json, 'outputs')
  const all = Array.isArray(outputs) ? (outputs as unknown[]) : []
  const found = all.find(one => member(one, 'name') === output)
  return member(found, 'data')
}

/** The data of the events of a stream, parsed. */
export function events({ text }: HttpAnswer): unknown[] {
  return text
    .split('\n\n')
    .filter(event => event.startsWith('data: '))
    .map(event => JSON.parse(event.slice('data: '.length)) as unknown)
}

/** Whether an answer says its error as JSON, in `error`. */
export function errorOf({ json }: HttpAnswer): unknown {
  return member(json, 'error')
}

/** `ModelInfer` to the sum model with typed contents. */
export function grpcSum(rest: object = {}): object {
  return {
    model_name: 'sum-model',
    inputs: [
      { name: 'input-0', datatype: 'INT32', shape: ['1', '3'], contents: { int_contents: [1, 2, 3] } },
    ],
    ...rest,
  }
}

/** `ModelInfer` with raw contents; one input a chunk. */
export function grpcRaw(
  model: string,
  inputs: readonly {
    readonly datatype: string
    readonly shape: readonly number[]
    readonly bytes: Uint8Array
  }[],
  rest: object = {},
): object {
  return {
    model_name: model,
    inputs: inputs.map(({ datatype, shape }, index) => ({ name: `input-${index}`, datatype, shape })),
    raw_input_contents: inputs.map(({ bytes }) => bytes),
    ...rest,
  }
}

export function rawOutput({ message }: GrpcAnswer, index = 0): Buffer | undefined {
  return member(message, 'raw_output_contents', index) as Buffer | undefined
}

export function littleEndian(values: readonly number[], datatype: 'INT32' | 'INT64' | 'FP32'): Buffer {
  const size = datatype === 'INT64' ? 8 : 4
  const bytes = Buffer.alloc(values.length * size)
  for (const [index, value] of values.entries()) {
    if (datatype === 'INT64') bytes.writeBigInt64LE(BigInt(value), index * size)
    else if (datatype === 'INT32') bytes.writeInt32LE(value, index * size)
    else bytes.writeFloatLE(value, index * size)
  }
  return bytes
}

/** A BYTES chunk: each element after its length. */
export function packed(...elements: readonly (string | Uint8Array)[]): Buffer {
  return Buffer.concat(
    elements.flatMap(element => {
      const bytes = Buffer.from(element)
      const length = Buffer.alloc(4)
      length.writeUInt32LE(bytes.length)
      return [length, bytes]
    }),
  )
}

/** A folder for the files by which a slow model is steered, outside its repository. */
export async function marksFolder(folder: string, ...marks: readonly string[]): Promise<string> {
  const marksHome = await mkdtemp(join(folder, 'marks-'))
  for (const mark of marks) await writeFile(join(marksHome, mark), '')
  return marksHome
}
