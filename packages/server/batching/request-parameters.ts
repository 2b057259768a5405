import type { Parameters, ParameterValue } from '@millrace/sdk'

/** What the parameters of a request say about its place in the queue, and what is left for the model. */
export interface QueueParameters {
  /** 1 is served first; what names none, or 0, comes last. */
  readonly priority: number
  /** How long the request may wait. */
  readonly timeoutMs: number
  /** The parameters without those two. */
  readonly rest: Parameters | undefined
}

const NO_WISHES: QueueParameters = {
  priority: Number.POSITIVE_INFINITY,
  timeoutMs: Number.POSITIVE_INFINITY,
  rest: undefined,
}

/**
 * Reads `priority` and `timeout` (microseconds) as Triton's clients send them. One that is no whole number
 * from 0 up is not meant for the queue: it stays among the parameters of the model.
 */
export function readQueueParameters(parameters: Parameters | undefined): QueueParameters {
  if (parameters === undefined) return NO_WISHES
  const priority = wholeNumber(parameters['priority'])
  const timeoutUs = wholeNumber(parameters['timeout'])
  if (priority === null && timeoutUs === null) return { ...NO_WISHES, rest: parameters }
  const rest = Object.entries(parameters).filter(
    ([name]) => !(name === 'priority' && priority !== null) && !(name === 'timeout' && timeoutUs !== null),
  )
  return {
    priority: wish(priority),
    timeoutMs: wish(timeoutUs) / 1000,
    rest: rest.length === 0 ? undefined : Object.fromEntries(rest),
  }
}

/** The parameters that several requests have in common, given that they differ in nothing but `priority` and `timeout`. */
export function commonParameters(
  first: Parameters | undefined,
  rest: Parameters | undefined,
  others: readonly (Parameters | undefined)[],
): Parameters | undefined {
  const isCommon = (name: string) => others.every(other => other?.[name] === first?.[name])
  const [hasPriority, hasTimeout] = [isCommon('priority'), isCommon('timeout')]
  if (hasPriority && hasTimeout) return first
  const shared: Record<string, ParameterValue> = { ...rest }
  if (hasPriority && first?.['priority'] !== undefined) shared['priority'] = first['priority']
  if (hasTimeout && first?.['timeout'] !== undefined) shared['timeout'] = first['timeout']
  return Object.keys(shared).length === 0 ? undefined : shared
}

/** 0 says as little as nothing. */
function wish(value: number | null): number {
  return value === null || value === 0 ? Number.POSITIVE_INFINITY : value
}

function wholeNumber(value: ParameterValue | undefined): number | null {
  if (typeof value === 'bigint') return value >= 0n ? Number(value) : null
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null
}
