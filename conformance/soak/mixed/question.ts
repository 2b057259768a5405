import { createHash } from 'node:crypto'
import { BytesArray, type InferenceRequest, type Tensor } from '@millrace/sdk'
import type { Random } from '../../fuzz/inputs/random.ts'

/** A request together with everything that must come back. */
export interface Question {
  readonly request: InferenceRequest & { readonly id: string }
  readonly isStream: boolean
  /** The outputs of each answer: one answer, or all those of a stream. */
  readonly answers: readonly (readonly Tensor[])[]
  readonly version: string | undefined
  /** Whether it is answered in a worker, which may be ended under it. */
  readonly isInWorker: boolean
}

/** Elements of the largest tensors; most are far smaller. */
const MAX_ELEMENTS = 40_000
/** So few different texts that most answers come from the cache, and more than the cache holds. */
const DIGEST_TEXTS = 100
const LONGEST_PAUSE_MS = 40
const MAX_ANSWERS = 60

type Maker = (random: Random, id: string) => Question

/** By the model that is asked. */
const MAKERS: Readonly<Record<string, Maker>> = {
  echo(random, id) {
    const inputs = [ints(random, 'numbers'), texts(random, 'texts', 'é')].slice(random.below(2))
    const parameters = { pause_ms: random.below(LONGEST_PAUSE_MS) }
    return unary({ modelName: 'echo', id, inputs, parameters }, inputs)
  },
  sum(random, id) {
    const rows = 1 + random.below(12)
    const columns = 1 + random.below(3)
    // Whole numbers: their sums are exact in any order.
    const data = Float64Array.from({ length: rows * columns }, () => random.below(1_000_000))
    const sums = Float64Array.from({ length: rows }, (_, row) =>
      data.subarray(row * columns, (row + 1) * columns).reduce((total, value) => total + value, 0),
    )
    return unary(
      { modelName: 'sum', id, inputs: [{ name: 'rows', datatype: 'FP64', shape: [rows, columns], data }] },
      [{ name: 'sums', datatype: 'FP64', shape: [rows, 1], data: sums }],
    )
  },
  double(random, id) {
    const input = ints(random, 'numbers')
    return { ...unary({ modelName: 'double', id, inputs: [input] }, [times(input, 2)]), isInWorker: false }
  },
  words(random, id) {
    const input = texts(random, 'words', '')
    const data = BytesArray.from(Array.from(input.data, text => `[${Buffer.from(text).toString()}]`))
    return unary({ modelName: 'words', id, inputs: [input] }, [{ ...input, data }])
  },
  counter(random, id) {
    const first = random.below(1_000_000)
    const count = random.size(MAX_ANSWERS)
    const data = Int32Array.of(first, count)
    return {
      request: {
        modelName: 'counter',
        id,
        inputs: [{ name: 'from', datatype: 'INT32', shape: [2], data }],
      },
      isStream: true,
      answers: Array.from({ length: count }, (_, index) => [
        { name: 'number', datatype: 'INT32', shape: [1], data: Int32Array.of(first + index) },
      ]),
      version: undefined,
      isInWorker: true,
    }
  },
  digest(random, id) {
    const text = `text ${random.below(DIGEST_TEXTS)}`
    const digest = createHash('sha256').update(text).digest('hex')
    return unary({ modelName: 'digest', id, inputs: [oneText('text', text)] }, [oneText('digest', digest)])
  },
  times(random, id) {
    const input = ints(random, 'numbers')
    // The default is the highest.
    const version = random.pick(['1', '2', undefined])
    const outputs = [times(input, Number(version ?? '2'))]
    return {
      ...unary({ modelName: 'times', modelVersion: version, id, inputs: [input] }, outputs),
      version: version ?? '2',
    }
  },
  spare(random, id) {
    const inputs = [ints(random, 'numbers')]
    return unary({ modelName: 'spare', id, inputs }, inputs)
  },
}

export const ASKED_MODELS: readonly string[] = Object.keys(MAKERS)

/** The next question that `random` has for any of the models. */
export function makeQuestion(random: Random, id: string): Question {
  return MAKERS[random.pick(ASKED_MODELS)]!(random, id)
}

function unary(request: Question['request'], outputs: readonly Tensor[]): Question {
  return { request, isStream: false, answers: [outputs], version: undefined, isInWorker: true }
}

function ints(random: Random, name: string): Tensor<'INT32'> {
  const length = 1 + random.size(MAX_ELEMENTS)
  // Small enough to be doubled.
  const data = Int32Array.from({ length }, () => random.next() >> 2)
  return { name, datatype: 'INT32', shape: random.isOneIn(2) ? [length] : [1, length], data }
}

function texts(random: Random, name: string, ending: string): Tensor<'BYTES'> {
  const length = 1 + random.size(200)
  const data = BytesArray.from(
    Array.from({ length }, () => `${random.bytes(random.size(40)).toString('hex')}${ending}`),
  )
  return { name, datatype: 'BYTES', shape: [length], data }
}

function oneText(name: string, text: string): Tensor {
  return { name, datatype: 'BYTES', shape: [1], data: BytesArray.from([text]) }
}

function times(input: Tensor<'INT32'>, factor: number): Tensor<'INT32'> {
  return { ...input, data: input.data.map(value => factor * value) }
}
