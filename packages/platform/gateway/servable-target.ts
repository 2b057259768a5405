import { ServingError, type Shape, type Tensor } from '@millrace/sdk'
import type { CallFigures } from './call-figures.ts'
import { type Culprit, compileSideCheck, contractViolation, type SideCheck } from './contract-check.ts'
import type { PredictionRecord, RoutedServable } from './discovery.ts'
import type { EndpointPool } from './endpoint-pool.ts'
import { GatewayFailure } from './gateway-failure.ts'
import { readSignatureSide, type SignatureSide } from './signature-side.ts'
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
  readonly outputShapes: ReadonlyMap<string, Shape>
}

export function compileSignature({ name, signature }: RoutedServable): ServableSignature {
  const inputs = readSignatureSide(signature.inputs, 'input', `servable '${name}'`)
  const outputs = readSignatureSide(signature.outputs, 'output', `servable '${name}'`)
  return {
    inputs,
    outputs,
    checkInputs: compileSideCheck(inputs.fields),
    checkOutputs: compileSideCheck(outputs.fields),
    outputShapes: new Map(
      outputs.fields.flatMap(field => (field.shape === null ? [] : [[field.name, field.shape]])),
    ),
  }
}

/** A servable as the routing table has it, ready to be asked. */
export interface ServableTarget {
  readonly servable: RoutedServable
  readonly signature: ServableSignature
  readonly pool: EndpointPool
  /** Of calls by its own name. */
  readonly figures: CallFigures
}

/**
 * Has a servable answer, within its signature: what it does not declare does not reach it, and does not come back.
 * @param timeoutMs longest that the servable may take, within the deadline
 * @throws GatewayFailure for inputs or outputs that break the signature, and what the servable failed with
 */
export async function askServable(
  { servable, signature, pool }: ServableTarget,
  given: readonly Tensor[],
  call: ServableCall,
  timeoutMs: number,
): Promise<readonly Tensor[]> {
  const refusal = signature.inputs.refusal ?? signature.outputs.refusal
  if (refusal !== null) throw refusal
  const inputs = signature.checkInputs(given)
  if (inputs.violations !== undefined) {
    throw contractViolation(inputs.violations, placeOf('inputs', servable, call), call.inputsBy)
  }
  const leftMs = Math.min(call.deadlineMs - Date.now(), timeoutMs)
  if (leftMs <= 0) throw late(servable)

  const startMs = performance.now()
  const tell = (outcome: PredictionRecord['outcome']) => {
    const { requestId, application } = call
    const latencyMs = performance.now() - startMs
    count(call.figures, latencyMs, outcome)
    call.record?.({ requestId, application, servable, latencyMs, inputs: given, outcome })
  }
  try {
    const answered = await pool.predict(inputs.tensors, {
      signal: call.signal,
      timeoutMs: leftMs,
      headers: call.headers,
      signatureName: servable.signature.signatureName,
      outputShapes: signature.outputShapes,
      figures: call.figures,
    })
    const outputs = signature.checkOutputs(answered)
    if (outputs.violations !== undefined) {
      throw contractViolation(outputs.violations, placeOf('outputs', servable, call), 'model')
    }
    tell({ outputs: outputs.tensors })
    return outputs.tensors
  } catch (error) {
    const failure = call.signal.aborted
      ? withdrawal(call.signal)
      : ServingError.from(error, `servable ${servable.name} failed`)
    tell({ error: failure })
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
