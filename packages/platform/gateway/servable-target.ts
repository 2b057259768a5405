import { ServingError } from '@millrace/sdk'
import type { HydrosphereShapes, HydrosphereValue } from '@millrace/sdk/protocol'
import { askAwake, LeftAsleep } from './ask-awake.ts'
import type { CallFigures } from './call-figures.ts'
import { type Culprit, compileSideCheck, contractViolation, type SideCheck } from './contract-check.ts'
import type { PredictionRecord, RoutedServable } from './discovery.ts'
import type { EndpointPool } from './endpoint-pool.ts'
import { GatewayFailure } from './gateway-failure.ts'
import type { ServableDemand } from './servable-demand.ts'
import { declaredShapes, nestedFieldOf, readSignatureSide, type SignatureSide } from './signature-side.ts'
import { withdrawal } from './withdrawal.ts'

/** One call of a servable, alone or as part of an application. */
export interface ServableCall {
  readonly requestId: string
  /** For the servable. */
  readonly headers: Readonly<Record<string, string>>
  readonly signal: AbortSignal
  /** Milliseconds since the epoch. */
  readonly deadlineMs: number
  /** Whose stage this is; undefined for a servable that was asked by its own name. */
  readonly application?: { readonly name: string; readonly stage: string } | undefined
  /** Who made the inputs. */
  readonly inputsBy: Culprit
  /** Nobody waits for the answer: a servable that sleeps is only started where there is room. */
  readonly isBackground: boolean
  /** What counts this call. */
  readonly figures: CallFigures
  /** `null`: nobody is told. */
  readonly record: ((record: PredictionRecord) => void) | null
}

/** What follows from a signature alone. */
interface ServableSignature {
  readonly inputs: SignatureSide
  readonly outputs: SignatureSide
  readonly checkInputs: SideCheck
  readonly checkOutputs: SideCheck
  readonly outputShapes: HydrosphereShapes
  /** A field with fields in it, for messages; `null` where there is none. */
  readonly nestedField: string | null
}

export function compileSignature({ name, signature }: RoutedServable): ServableSignature {
  const inputs = readSignatureSide(signature.inputs, 'input', `servable '${name}'`)
  const outputs = readSignatureSide(signature.outputs, 'output', `servable '${name}'`)
  return {
    inputs,
    outputs,
    checkInputs: compileSideCheck(inputs.fields),
    checkOutputs: compileSideCheck(outputs.fields),
    outputShapes: declaredShapes(outputs.fields),
    nestedField: nestedFieldOf(signature),
  }
}

/** A servable as the routing table has it, ready to be asked. */
export interface ServableTarget {
  readonly servable: RoutedServable
  readonly signature: ServableSignature
  readonly pool: EndpointPool
  /** Of calls by its own name. */
  readonly figures: CallFigures
  /** What starts it when it sleeps; `null` where no servable does. */
  readonly demand: ServableDemand | null
}

/** How long things may take, in milliseconds, within the call's deadline. */
interface ServableTimeouts {
  /** To answer. */
  readonly answerMs: number
  /** To be started. */
  readonly startMs: number
}

/**
 * Has a servable answer, within its signature: what it does not declare does not reach it, and does not come back.
 * @throws GatewayFailure for inputs or outputs that break the signature, and what the servable failed with
 */
export async function askServable(
  { servable, signature, pool, demand }: ServableTarget,
  given: readonly HydrosphereValue[],
  call: ServableCall,
  timeouts: ServableTimeouts,
): Promise<readonly HydrosphereValue[]> {
  const refusal = signature.inputs.refusal ?? signature.outputs.refusal
  if (refusal !== null) throw refusal
  const inputs = signature.checkInputs(given)
  if (inputs.violations !== undefined) {
    throw contractViolation(inputs.violations, placeOf('inputs', servable, call), call.inputsBy)
  }
  if (call.deadlineMs <= Date.now()) throw late(servable)

  const startMs = performance.now()
  const tell = (outcome: PredictionRecord['outcome']) => {
    const { requestId, application } = call
    const latencyMs = performance.now() - startMs
    count(call.figures, latencyMs, outcome)
    call.record?.({ requestId, application, servable, latencyMs, inputs: given, outcome })
  }
  const send = () =>
    pool.predict(inputs.values, {
      signal: call.signal,
      timeoutMs: Math.max(Math.min(call.deadlineMs - Date.now(), timeouts.answerMs), 1),
      headers: call.headers,
      signatureName: servable.signature.signatureName,
      outputShapes: signature.outputShapes,
      nestedField: signature.nestedField,
      figures: call.figures,
    })
  try {
    const answered = await (demand === null
      ? send()
      : askAwake(servable.name, demand, pool, call, timeouts.startMs, send))
    const outputs = signature.checkOutputs(answered)
    if (outputs.violations !== undefined) {
      throw contractViolation(outputs.violations, placeOf('outputs', servable, call), 'model')
    }
    tell({ outputs: outputs.values })
    return outputs.values
  } catch (error) {
    const failure = call.signal.aborted
      ? withdrawal(call.signal)
      : ServingError.from(error, `servable ${servable.name} failed`)
    if (!(failure instanceof LeftAsleep)) tell({ error: failure })
    throw failure
  }
}

function count(figures: CallFigures, latencyMs: number, outcome: PredictionRecord['outcome']): void {
  figures.requestCount++
  figures.latencyMs += latencyMs
  if (!('error' in outcome)) return
  const { code } = outcome.error
  figures.errorCounts.set(code, (figures.errorCounts.get(code) ?? 0) + 1)
}

function placeOf(
  which: 'inputs' | 'outputs',
  { name }: RoutedServable,
  { application }: ServableCall,
): string {
  return application === undefined
    ? `${which} of servable ${name}`
    : `${which} of stage ${application.stage}, servable ${name}`
}

function late({ name }: RoutedServable): GatewayFailure {
  return new GatewayFailure(
    'InternalUncaught',
    'DEADLINE_EXCEEDED',
    `the deadline passed before servable ${name} could be asked`,
  )
}
