/**
 * Parses and serialises 100,000 FP32 as JSON, from bytes to bytes, beside JSON.parse into plain arrays and
 * JSON.stringify of plain arrays of the same numbers. Prints medians in milliseconds and the ratios.
 */
import { parseInferRequest, serializeInferResponse } from '@millrace/sdk/protocol'
import { medianOf } from './median.ts'

const COUNT = 100_000
const durationMs = Number(process.argv[2] ?? 1000)

const values = Float32Array.from({ length: COUNT }, (_, index) =>
  fraction(Math.sin(index * 12.9898) * 43_758.5453),
)
const forms = { short: Array.from(values, shortest), long: Array.from(values) }
const response = {
  modelName: 'm',
  id: '1',
  outputs: [{ name: 'y', datatype: 'FP32' as const, shape: [1, COUNT], data: values }],
}

const figures: Record<string, number> = {}
for (const [form, numbers] of Object.entries(forms)) {
  const body = bodyOf(numbers)
  const answer = {
    model_name: 'm',
    id: '1',
    outputs: [{ name: 'y', datatype: 'FP32', shape: [1, COUNT], data: numbers }],
  }
  const times = takeTurns({
    parse: () => parseInferRequest(body, { modelName: 'm' }),
    jsonParse: () => JSON.parse(body.toString()) as unknown,
    serialize: () => serializeInferResponse(response, { modelName: 'm', inputs: [] }),
    jsonStringify: () => Buffer.from(JSON.stringify(answer)),
  })
  const native = times.jsonParse + times.jsonStringify
  figures[`${form}Ratio`] = native / (times.parse + times.serialize)
  figures[`${form}ParseMs`] = times.parse
  figures[`${form}JsonParseMs`] = times.jsonParse
  figures[`${form}JsonStringifyMs`] = times.jsonStringify
  figures['serializeMs'] = times.serialize
}
console.log(JSON.stringify(figures))

function takeTurns<N extends string>(steps: Record<N, () => unknown>): Record<N, number> {
  const names = Object.keys(steps) as N[]
  const times = Object.fromEntries(names.map(name => [name, [] as number[]])) as Record<N, number[]>
  const endMs = performance.now() + durationMs
  for (let round = 0; performance.now() < endMs || round < 20; round++) {
    for (const name of names) {
      const startedMs = performance.now()
      steps[name]()
      // The first rounds compile.
      if (round >= 10) times[name].push(performance.now() - startedMs)
    }
  }
  return Object.fromEntries(names.map(name => [name, medianOf(times[name])])) as Record<N, number>
}

function bodyOf(numbers: readonly number[]): Buffer {
  return Buffer.from(
    JSON.stringify({ id: '1', inputs: [{ name: 'x', shape: [1, COUNT], datatype: 'FP32', data: numbers }] }),
  )
}

function fraction(value: number): number {
  return Math.fround(value - Math.floor(value))
}

/** The fewest digits that read back as the same float32. */
function shortest(value: number): number {
  for (let precision = 1; precision <= 9; precision++) {
    const short = Number(value.toPrecision(precision))
    if (Math.fround(short) === value) return short
  }
  return value
}
