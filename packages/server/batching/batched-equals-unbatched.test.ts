import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  allocateData,
  BytesArray,
  DATATYPES,
  type Datatype,
  dataBytes,
  type InferenceRequest,
  type InferenceResponse,
  type Parameters,
  type RequestedOutput,
  ServingError,
  type Tensor,
} from '@millrace/sdk'
import fc from 'fast-check'
import { createBatcher } from './adaptive-batcher.ts'
import { bind, type Predict, testContext } from './batcher-bed.ts'

/** Rows that hold this byte make the model refuse the whole call. */
const POISON = 0xee
/** And this one an error that is no `ServingError`. */
const VENOM = 0xdd

/**
 * Answers row by row: each input as it came and each row's sum of bytes, with what it was asked beside the
 * rows in parameters and a header. Fails for the first bad row.
 */
const rowWise: Predict = async (request, context) => {
  for (let turns = request.inputs.length; turns > 0; turns--) await new Promise(setImmediate)
  const outputs: Tensor[] = []
  for (const input of request.inputs) {
    const sums = rowsOf(input).map(bytes => {
      if (bytes.includes(POISON))
        throw new ServingError('INVALID_ARGUMENT', `${input.name}: ${bytes.join()} is poison`)
      if (bytes.includes(VENOM)) throw new RangeError(`${input.name}: ${bytes.join()} is venom`)
      return bytes.reduce((sum, byte) => sum + byte, 0)
    })
    outputs.push({
      ...input,
      name: `${input.name} again`,
      parameters: { ...input.parameters, of: input.name },
    })
    const shape = input.shape.length === 0 ? [] : [sums.length]
    outputs.push({ name: `${input.name} sum`, datatype: 'FP64', shape, data: Float64Array.from(sums) })
  }
  context.setHeader('x-tenant-was', context.headers['x-tenant'] ?? 'nobody')
  return { outputs, parameters: { ...request.parameters, tenant: context.headers['x-tenant'] ?? null } }
}

/** The bytes of each row; a scalar is one row. */
function rowsOf({ shape, data }: Tensor): number[][] {
  const rows = shape[0] ?? 1
  const perRow = rows === 0 ? 0 : data.length / rows
  return Array.from({ length: rows }, (_, row) => {
    const [start, end] = [row * perRow, (row + 1) * perRow]
    return [...dataBytes(BytesArray.is(data) ? data.slice(start, end) : data.subarray(start, end))]
  })
}

interface Ask {
  readonly request: InferenceRequest
  readonly headers: Record<string, string>
  /** After how many turns it comes, and after how many more its client goes, if it does. */
  readonly comesAfter: number
  readonly leavesAfter: number | undefined
}

const parameters: fc.Arbitrary<Parameters | undefined> = fc.constantFrom(
  undefined,
  undefined,
  {},
  { a: 1 },
  { a: 1n },
  { a: '1' },
  { a: Number.NaN },
  { a: null },
  { nested: { list: [1, 'x', { deep: true }] } },
)

const outputs: fc.Arbitrary<readonly RequestedOutput[] | undefined> = fc.constantFrom(
  undefined,
  undefined,
  undefined,
  [],
  [{ name: 'x sum' }],
  [{ name: 'x sum' }, { name: 'x again', parameters: { binary_data: true } }],
  [{ name: 'no such' }],
)

const FORM_FIELDS = [
  'names',
  'datatypes',
  'trailing',
  'inputParameters',
  'parameters',
  'outputs',
  'tenant',
] as const

/** All but the rows, ids and the like: requests of one form can be joined. */
const form = fc
  .record({
    names: fc.constantFrom(['x'], ['x'], ['x', 'y'], ['y', 'x'], []),
    datatypes: fc.tuple(datatype(), datatype()),
    trailing: fc.constantFrom([], [], [1], [2], [2, 3], [0]),
    inputParameters: parameters,
    parameters,
    outputs,
    tenant: fc.constantFrom(undefined, 'a', 'b'),
  })
  .map(form => ({ ...form, names: form.names as readonly string[] }))

function seldom<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary })
}

function datatype(): fc.Arbitrary<Datatype> {
  return fc.constantFrom<Datatype>('FP32', 'BYTES', 'BYTES', ...DATATYPES)
}

const rowCount = fc.constantFrom<number | null>(1, 1, 1, 1, 2, 3, 5, 9, 0, null)

const ask = fc.record({
  form: fc.nat(),
  rows: rowCount,
  oddRows: seldom(rowCount),
  bytes: fc.infiniteStream(
    fc.oneof(
      { weight: 200, arbitrary: fc.integer({ min: 0, max: 0xcc }) },
      { weight: 1, arbitrary: fc.constantFrom(POISON, VENOM) },
    ),
  ),
  id: fc.option(fc.string(), { nil: undefined }),
  trace: fc.option(fc.string(), { nil: undefined }),
  comesAfter: fc.nat(4),
  leavesAfter: seldom(fc.nat(3)),
})

/** A form, and others that differ from it in one thing. */
const similarForms = fc
  .tuple(form, fc.array(fc.tuple(form, fc.constantFrom(...FORM_FIELDS)), { maxLength: 2 }))
  .map(([base, others]) => [base, ...others.map(([other, field]) => ({ ...base, [field]: other[field] }))])

type Form = typeof form extends fc.Arbitrary<infer F> ? F : never
type Drawn = typeof ask extends fc.Arbitrary<infer A> ? A : never

function toAsk(forms: readonly Form[], drawn: Drawn): Ask {
  const { names, datatypes, trailing, inputParameters, parameters, outputs, tenant } =
    forms[drawn.form % forms.length]!
  const { rows, oddRows, bytes, id, trace, comesAfter, leavesAfter } = drawn
  const inputs = names.map((name, index) => {
    const extent = index === 1 && oddRows !== undefined ? oddRows : rows
    return tensor(
      name,
      datatypes[index]!,
      extent === null ? [] : [extent, ...trailing],
      inputParameters,
      bytes,
    )
  })
  return {
    request: { modelName: 'm', id, parameters, inputs, outputs },
    headers: {
      ...(tenant === undefined ? {} : { 'x-tenant': tenant }),
      ...(trace === undefined ? {} : { traceparent: trace }),
    },
    comesAfter,
    leavesAfter,
  }
}

function tensor(
  name: string,
  datatype: Datatype,
  shape: readonly number[],
  parameters: Parameters | undefined,
  bytes: fc.Stream<number>,
): Tensor {
  const next = () => bytes.next().value as number
  const count = shape.reduce((product, extent) => product * extent, 1)
  const common = { name, shape, ...(parameters === undefined ? {} : { parameters }) }
  if (datatype === 'BYTES') {
    const elements = Array.from({ length: count }, () => Uint8Array.from({ length: next() % 4 }, next))
    return { ...common, datatype, data: BytesArray.from(elements) }
  }
  const data = allocateData(datatype, count)
  const view = dataBytes(data)
  for (let index = 0; index < view.length; index++) view[index] = datatype === 'BOOL' ? next() & 1 : next()
  return { ...common, datatype, data } as Tensor
}

const turns = async (count: number) => {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate)
}

type Answerer = (
  request: InferenceRequest,
  context: ReturnType<typeof testContext>,
) => Promise<InferenceResponse>

const GONE = new ServingError('CANCELLED', 'the client left')

/** All that a client gets to see, in plain values. */
async function outcome(
  answerer: Answerer,
  { request, headers, comesAfter, leavesAfter }: Ask,
  isPatient: boolean,
) {
  const client = new AbortController()
  const context = testContext({ headers, signal: client.signal })
  await turns(comesAfter)
  const answer = answerer(request, context)
  if (!isPatient && leavesAfter !== undefined) {
    void turns(leavesAfter).then(() => client.abort(GONE))
  }
  try {
    const response = await answer
    const outputs = response.outputs.map(output => ({ ...output, data: [...dataBytes(output.data)] }))
    return { response: { ...response, outputs }, headers: context.set }
  } catch (error) {
    assert.ok(error instanceof Error)
    return { failure: error === GONE ? GONE : String(error), headers: context.set }
  }
}

test('a batched request gets what it would have got alone: values, ids, headers, parameters, errors', async () => {
  let joined = 0
  await fc.assert(
    fc.asyncProperty(
      similarForms,
      fc.array(ask, { minLength: 1, maxLength: 24, size: 'max' }),
      fc.integer({ min: 2, max: 8 }),
      fc.integer({ min: 1, max: 3 }),
      async (forms, drawn, maxBatchSize, concurrency) => {
        const asks = drawn.map(ask => toAsk(forms, ask))
        const bound = bind(rowWise)
        const batcher = createBatcher(bound, {
          maxBatchSize,
          maxQueueDelayMs: 2,
          maxQueueRequests: 1000,
          maxQueueBytes: 1_000_000,
          concurrency,
          log: testContext().log,
          onBatch: ({ requests }) => {
            if (requests > 1) joined += requests
          },
        })
        const [batched, alone] = await Promise.all([
          Promise.all(asks.map(ask => outcome((...call) => batcher.predict(...call), ask, false))),
          Promise.all(asks.map(ask => outcome((...call) => bound.predict(...call), ask, true))),
        ])
        for (const [index, got] of batched.entries()) {
          // Whoever leaves may get its answer before.
          if (got.failure === GONE) assert.notEqual(asks[index]!.leavesAfter, undefined)
          else assert.deepEqual(got, alone[index])
        }
        const { queueLength, queueBytes } = batcher.statistics
        assert.deepEqual({ queueLength, queueBytes }, { queueLength: 0, queueBytes: 0 })
        await batcher.close()
      },
    ),
    { numRuns: 150 },
  )
  // Otherwise nothing has been shown.
  assert.ok(joined > 300, `${joined} requests were joined with others`)
})
