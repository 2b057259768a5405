import fc from 'fast-check'
import type { RestInput } from './fuzz-input.ts'
import { inferJson } from './infer-json.ts'
import { mutateBytes } from './mutate-bytes.ts'
import type { Random } from './random.ts'

/** Requests that are right, for the changes to begin with. */
const SEEDS = [
  { id: 'a', inputs: [{ name: 'input', shape: [2, 2], datatype: 'FP32', data: [1, 2.5, -3e2, 0] }] },
  {
    parameters: { content_type: 'np', headers: { a: 'b' } },
    inputs: [
      { name: 'input', shape: [2], datatype: 'BYTES', parameters: { content_type: 'str' }, data: ['é', 'b'] },
    ],
    outputs: [{ name: 'input', parameters: { binary_data: false } }],
  },
  {
    inputs: [
      { name: 'numbers', shape: [3], datatype: 'INT32', data: [1, -2, 3] },
      { name: 'label', shape: [1], datatype: 'BYTES', data: ['x'] },
      { name: 'when', shape: [1], datatype: 'BYTES', data: ['2024-01-01T00:00:00Z'] },
      { name: 'bytes', shape: [1], datatype: 'BYTES', data: ['AAEC'] },
    ],
  },
  { inputs: [{ name: 'row', shape: [1, 2], datatype: 'FP32', data: [[1, 2]] }] },
  { inputs: [{ name: 'input', shape: [2], datatype: 'INT64', data: [9_007_199_254_740_991, -1] }] },
  { inputs: [{ name: 'input', shape: [2, 1], datatype: 'BOOL', data: [[true], [false]] }] },
].map(body => Buffer.from(JSON.stringify(body)))

const WORDS = [
  'null',
  'true',
  '{}',
  '[]',
  '""',
  '1e999',
  '-0',
  '-1',
  '0',
  '9223372036854775808',
  '1'.repeat(700),
  'NaN',
  '"\\ud800"',
  '"\\u0000"',
  '\0',
  '﻿',
  '\u2028',
  '😀',
  '"inputs":[],',
  '"data":[[1],2],',
  '"shape":[-1],',
  '"datatype":"FP32",',
  '"datatype":"BYTES",',
  '"__proto__":{"a":1},',
  '"constructor":null,',
  '"shape":[4294967296,4294967296],',
  '"binary_data_size":4,',
  '"parameters":{"binary_data":true},',
  '['.repeat(120),
  '{"a":'.repeat(120),
  '/**/',
  ' '.repeat(2e3),
].map(word => Buffer.from(word))

/** Most inputs fit none but the echo, which takes whatever can be read. */
export const MODELS = ['echo', 'echo', 'echo', 'typed', 'row', 'joined', 'apart', 'kept'] as const

const BATCH = 50
let batch: { readonly key: string; readonly texts: readonly string[] } | undefined

/** JSON bodies: good ones with bytes changed, and texts made from the grammar with mistakes in any place. */
export function restJsonInput(random: Random, seed: number, index: number): RestInput {
  const body =
    index % 2 === 0 ? mutateBytes(random.pick(SEEDS), random, WORDS) : grammarText(seed, index >> 1)
  return {
    kind: 'rest',
    method: 'POST',
    target: `/v2/models/${random.pick(MODELS)}/${random.pick(['infer', 'infer', 'infer', 'infer_stream', 'generate'])}`,
    headers: [['content-type', 'application/json']],
    body,
    ...(random.isOneIn(8) ? { chunkBytes: 1 + random.size(300) } : {}),
  }
}

/** Sampled by the batch, because fast-check grows what it makes from one sample to the next. */
function grammarText(seed: number, index: number): Buffer {
  const number = Math.floor(index / BATCH)
  const key = `${seed}/${number}`
  if (batch?.key !== key)
    batch = { key, texts: fc.sample(inferJson, { seed: seed + number, numRuns: BATCH }) }
  return Buffer.from(batch.texts[index % BATCH] ?? '')
}
