import { bf16ToFloat32, ServingError } from '@millrace/sdk'
import type { HydrosphereValue } from '@millrace/sdk/protocol'
import type { MetricSpecificationRecord, ThresholdOperator } from '../../store/index.ts'
import type { KeptRecord } from '../records/kept-record.ts'
import type { CheckView } from './field-checks.ts'

/** A check by a metric; without a value it says why there is none, and has not passed. */
export interface MetricView extends CheckView {
  readonly error?: string
}

/** Asks a servable in a way that monitoring does not see again. Rejects with a `ServingError`. */
export type AskServable = (
  servableName: string,
  inputs: readonly HydrosphereValue[],
  call: { readonly requestId: string; readonly signal: AbortSignal; readonly deadlineMs: number },
) => Promise<readonly HydrosphereValue[]>

/** What a metric's servable answers with. */
const OUTPUT = 'value'

const COMPARE: Readonly<Record<ThresholdOperator, (value: number, threshold: number) => boolean>> = {
  Eq: (value, threshold) => value === threshold,
  NotEq: (value, threshold) => value !== threshold,
  Greater: (value, threshold) => value > threshold,
  Less: (value, threshold) => value < threshold,
  GreaterEq: (value, threshold) => value >= threshold,
  LessEq: (value, threshold) => value <= threshold,
}

interface MetricCall {
  readonly ask: AskServable
  readonly signal: AbortSignal
  readonly timeoutMs: number
  readonly maxBytes: number
}

/** Asks a metric about a request. It never rejects: what goes wrong is part of the answer. */
export async function checkMetric(
  specification: MetricSpecificationRecord,
  { whole, requestId }: KeptRecord,
  { ask, signal, timeoutMs, maxBytes }: MetricCall,
): Promise<MetricView> {
  const { id, operator, threshold, servableName } = specification
  const about = { description: `${OUTPUT} ${operator} ${threshold}`, threshold, metricSpecId: id }
  try {
    if (typeof whole === 'number') {
      throw new ServingError(
        'RESOURCE_EXHAUSTED',
        `inputs and outputs have ${whole} bytes; metrics are given up to ${maxBytes}`,
      )
    }
    if (servableName === undefined || whole === undefined) {
      throw new ServingError('UNAVAILABLE', 'the metric had no servable when the request came')
    }
    const outputs = await ask(servableName, whole, {
      requestId,
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      deadlineMs: Date.now() + timeoutMs,
    })
    const value = valueOf(outputs)
    return { check: COMPARE[operator](value, threshold), value, ...about }
  } catch (thrown) {
    const { message } = ServingError.from(thrown, 'the metric failed')
    return { check: false, value: null, ...about, error: message }
  }
}

/** @throws ServingError where there is no number */
function valueOf(outputs: readonly HydrosphereValue[]): number {
  const output = outputs.find(({ name }) => name === OUTPUT)
  if (output === undefined) {
    const names = outputs.map(({ name }) => `'${name}'`).join(', ') || 'nothing'
    throw new ServingError(
      'FAILED_PRECONDITION',
      `the metric has no output '${OUTPUT}'; it answered ${names}`,
    )
  }
  if (output.datatype === undefined) {
    throw new ServingError(
      'FAILED_PRECONDITION',
      `the metric's output '${OUTPUT}' has nested fields; it must be a number`,
    )
  }
  if (output.datatype === 'BYTES' || output.data.length === 0) {
    throw new ServingError(
      'FAILED_PRECONDITION',
      `the metric's output '${OUTPUT}' has ${output.data.length} elements of ${output.datatype}; it must be a number`,
    )
  }
  const value = Number(output.datatype === 'BF16' ? bf16ToFloat32(output.data)[0] : output.data[0])
  if (Number.isFinite(value)) return value
  throw new ServingError(
    'FAILED_PRECONDITION',
    `the metric's output '${OUTPUT}' is ${value}; it must be finite`,
  )
}
