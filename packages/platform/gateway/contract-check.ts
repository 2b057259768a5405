import { formatShape, type Shape, type Tensor } from '@millrace/sdk'
import { dtypeOf } from './data-types.ts'
import { GatewayFailure } from './gateway-failure.ts'
import type { TensorField } from './signature-side.ts'

/** Messages list this many; a client who sends thousands of wrong fields need not be told of each. */
const SHOWN_VIOLATIONS = 50

/** The tensors that the signature declares, in its order, or all that is wrong with them, a sentence each. */
type CheckedTensors =
  | { readonly tensors: readonly Tensor[]; readonly violations?: undefined }
  | { readonly violations: readonly string[] }

/** Holds tensors against a signature; what is not declared is left out. */
export type SideCheck = (tensors: readonly Tensor[]) => CheckedTensors

/** Of tensors with one name the last counts, as in a map on the wire. */
export function compileSideCheck(fields: readonly TensorField[]): SideCheck {
  return tensors => {
    const found: Tensor[] = []
    let violations: string[] | undefined
    for (const field of fields) {
      const tensor = lastNamed(tensors, field.name)
      const violation = tensor === undefined ? `Missing field ${field.name}` : violationOf(field, tensor)
      if (violation !== undefined) (violations ??= []).push(violation)
      else found.push(tensor!)
    }
    return violations === undefined ? { tensors: found } : { violations }
  }
}

/** Who broke its signature: the client, or the model whose outputs these are or were. */
export type Culprit = 'client' | 'model'

/**
 * @param where which tensors of whom, such as "inputs of stage 0, servable scaler-1-a"
 */
export function contractViolation(
  violations: readonly string[],
  where: string,
  culprit: Culprit,
): GatewayFailure {
  const shown = violations.slice(0, SHOWN_VIOLATIONS)
  const rest = violations.length - shown.length
  const lines = shown.map(violation => `${violation} (${where})`)
  if (rest > 0) lines.push(`and ${rest} more`)
  const message = `Multiple validation errors:\n${lines.join('\n')}`
  return culprit === 'client'
    ? new GatewayFailure('ContractViolationError', 'INVALID_ARGUMENT', message)
    : new GatewayFailure('ContractViolationError', 'INTERNAL', message, { httpStatus: 502 })
}

function violationOf({ name, dtype, datatype, shape }: TensorField, tensor: Tensor): string | undefined {
  if (tensor.datatype !== datatype) {
    return `Expected ${dtype} data type for field ${name}, got ${dtypeOf(tensor.datatype)}`
  }
  if (shape === null || shapeFits(tensor.shape, shape)) return undefined
  return `Expected ${formatShape(shape)} shape for field ${name}, got ${formatShape(tensor.shape)}`
}

function shapeFits(shape: Shape, declared: Shape): boolean {
  if (shape.length !== declared.length) return false
  for (let axis = 0; axis < shape.length; axis++) {
    if (declared[axis] !== -1 && declared[axis] !== shape[axis]) return false
  }
  return true
}

function lastNamed(tensors: readonly Tensor[], name: string): Tensor | undefined {
  for (let index = tensors.length - 1; index >= 0; index--) {
    if (tensors[index]!.name === name) return tensors[index]
  }
  return undefined
}
