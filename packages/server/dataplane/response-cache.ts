import { createHash, type Hash } from 'node:crypto'
import {
  BytesArray,
  type InferenceRequest,
  type InferenceResponse,
  type Parameters,
  type Tensor,
  type TensorData,
} from '@millrace/sdk'
import { LRUCache } from 'lru-cache'
import { applicationHeadersKey } from '../base/index.ts'
import type { Call } from './call.ts'

export interface ResponseCacheStatistics {
  readonly hits: number
  readonly misses: number
  readonly entries: number
  readonly sizeBytes: number
}

/**
 * Answers of models by what was asked: the tensors and their parameters, the request's parameters, the
 * outputs wanted, and the application's headers. Not by the request's id: each answer carries that of
 * its own request. Bounded in entries and in bytes; the least recently used make room.
 */
export interface ResponseCache {
  /** A part of its own for each model instance, so that a reloaded model never answers with old answers. */
  partition(): CachePartition
  readonly statistics: ResponseCacheStatistics
}

export interface CachePartition {
  /** The answer as it was, or what `answer` gives, which is kept if it is not too large. */
  through(
    request: InferenceRequest,
    call: Call,
    answer: (call: Call) => Promise<InferenceResponse>,
  ): Promise<InferenceResponse>
}

interface CachedAnswer {
  readonly response: InferenceResponse
  /** Response headers that the model set. */
  readonly headers: ReadonlyMap<string, string>
  readonly sizeBytes: number
}

/** What an entry and each of its outputs cost besides their data, as objects. */
const ENTRY_OVERHEAD_BYTES = 1024
const OUTPUT_OVERHEAD_BYTES = 256

export function createResponseCache(options: {
  readonly maxEntries: number
  readonly maxBytes: number
}): ResponseCache {
  const answers = new LRUCache<string, CachedAnswer>({
    max: options.maxEntries,
    maxSize: options.maxBytes,
    sizeCalculation: answer => answer.sizeBytes,
  })
  let partitions = 0
  let hits = 0
  let misses = 0

  return {
    partition() {
      const prefix = `${++partitions}:`
      return {
        async through(request, call, answer) {
          if (isOneOfASequence(request)) return answer(call)
          const key = prefix + digest(request, call)
          const cached = answers.get(key)
          if (cached !== undefined) {
            hits++
            for (const [name, value] of cached.headers) call.setHeader(name, value)
            return { ...cached.response, id: request.id }
          }
          misses++
          const headers = new Map<string, string>()
          const response = await answer(recordingHeaders(call, headers))
          const sizeBytes = sizeOf(response, headers)
          // Copied only if it will be kept: an answer that is larger than the cache never is.
          if (sizeBytes <= options.maxBytes)
            answers.set(key, { response: copyOf(response), headers, sizeBytes })
          return response
        },
      }
    },
    get statistics() {
      return { hits, misses, entries: answers.size, sizeBytes: answers.calculatedSize }
    },
  }
}

/** Requests of a sequence (Triton's `sequence_id`) depend on those before them. */
function isOneOfASequence({ parameters }: InferenceRequest): boolean {
  return parameters?.['sequence_id'] !== undefined
}

/**
 * A digest of all that an answer may depend on. Every part is preceded by its length, so that no two
 * requests run into the same bytes.
 */
function digest(request: InferenceRequest, call: Call): string {
  const hash = createHash('sha256')
  const { inputs, outputs, parameters } = request
  const tensors = inputs.map(input => [input.name, input.datatype, input.shape, input.parameters ?? null])
  addText(hash, JSON.stringify([tensors, outputs ?? null, parameters ?? null], exactIntegers))
  addText(hash, applicationHeadersKey(call.headers))
  for (const input of inputs) addData(hash, input)
  return hash.digest('base64')
}

function addText(hash: Hash, text: string): void {
  hash.update(`${Buffer.byteLength(text)}:`).update(text)
}

function addData(hash: Hash, { data }: Tensor): void {
  const bytes = bytesOf(data)
  hash.update(`${bytes.byteLength}:`).update(bytes)
}

/** BYTES with the length before each element, so that `ab`, `c` and `a`, `bc` differ. */
function bytesOf(data: TensorData): Uint8Array {
  if (BytesArray.is(data)) return data.packed()
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}

/** JSON has no word for 64-bit integers; a text of its own keeps 1 and 1n apart. */
function exactIntegers(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? { int64: String(value) } : value
}

function recordingHeaders(call: Call, headers: Map<string, string>): Call {
  return {
    get headers() {
      return call.headers
    },
    get signal() {
      return call.signal
    },
    get deadlineMs() {
      return call.deadlineMs
    },
    setHeader(name, value) {
      call.setHeader(name, value)
      headers.set(name, value)
    },
  }
}

function sizeOf({ outputs, parameters }: InferenceResponse, headers: ReadonlyMap<string, string>): number {
  let sizeBytes = ENTRY_OVERHEAD_BYTES + parametersBytes(parameters)
  for (const { name, shape, data, parameters: own } of outputs) {
    sizeBytes += OUTPUT_OVERHEAD_BYTES + 2 * name.length + 8 * shape.length + parametersBytes(own)
    sizeBytes += bytesOf(data).byteLength
  }
  for (const [name, value] of headers) sizeBytes += 2 * (name.length + value.length)
  return sizeBytes
}

/** A model may answer with the parameters of a request, and those with whatever a body has room for. */
function parametersBytes(parameters: Parameters | undefined): number {
  return parameters === undefined ? 0 : 2 * JSON.stringify(parameters, exactIntegers).length
}

/** The model may write to what it answered with again, and a view may hold on to far more memory than it shows. */
function copyOf(response: InferenceResponse): InferenceResponse {
  const outputs = response.outputs.map(output => {
    const { data, shape } = output
    return { ...output, data: copyOfData(data), shape: [...shape], ...copyOfParameters(output) } as Tensor
  })
  return { ...response, id: undefined, outputs, ...copyOfParameters(response) }
}

function copyOfParameters({ parameters }: { readonly parameters?: Parameters | undefined }) {
  return parameters === undefined ? {} : { parameters: copyOfValue(parameters) as Parameters }
}

function copyOfValue(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(copyOfValue)
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, copyOfValue(member)]))
}

function copyOfData(data: TensorData): TensorData {
  return BytesArray.is(data) ? BytesArray.fromPacked(data.packed().slice(), data.length) : data.slice()
}
