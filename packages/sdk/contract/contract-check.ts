import { ServingError } from '../errors/index.ts'
import { DATATYPES, describeValue, formatShape, type Shape, type Tensor } from '../tensor/index.ts'
import type { TensorSpec } from './contract.ts'

/**
 * Holds tensors against a contract. Throws `INVALID_ARGUMENT` naming the field, what it is and what
 * is allowed.
 * @param wanted the fields that must be there, when only some were asked for; default every field that
 * is not optional
 */
export type ContractCheck = (
  tensors: readonly Tensor[],
  wanted?: readonly { readonly name: string }[],
) => void

/**
 * Prepares the check of one side of a contract, or `null` when nothing is declared.
 * @param side how messages call a field: `input` or `output`
 * @throws ServingError INVALID_ARGUMENT when two fields have the same name, or one is no field
 */
export function compileContractCheck(
  specs: readonly TensorSpec[],
  side: 'input' | 'output',
): ContractCheck | null {
  if (specs.length === 0) return null
  const byName = new Map<string, TensorSpec>()
  for (const [index, spec] of specs.entries()) {
    checkSpec(spec, `${side} ${index}`)
    if (byName.has(spec.name)) throw invalid(`${side} '${spec.name}' is declared twice`)
    byName.set(spec.name, spec)
  }
  const required = specs.filter(spec => spec.isOptional !== true)
  const declared = specs.map(spec => `'${spec.name}'`).join(', ')

  return (tensors, wanted) => {
    let requiredSeen = 0
    for (const [index, tensor] of tensors.entries()) {
      const spec = byName.get(tensor.name)
      if (spec === undefined) {
        throw invalid(`unexpected ${side} '${tensor.name}'; the model declares ${declared}`)
      }
      // Requests have a handful of tensors, so a scan finds repetitions faster than a set would.
      for (let earlier = 0; earlier < index; earlier++) {
        if (tensors[earlier]!.name === tensor.name) throw invalid(`${side} '${tensor.name}' is given twice`)
      }
      if (tensor.datatype !== spec.datatype) {
        throw invalid(`${side} '${tensor.name}' has datatype ${tensor.datatype}; expected ${spec.datatype}`)
      }
      if (!shapeMatches(tensor.shape, spec.shape)) {
        throw invalid(
          `${side} '${tensor.name}' has shape ${formatShape(tensor.shape)}; expected ${formatShape(spec.shape)}` +
            (spec.shape.includes(-1) ? ', where -1 stands for any extent' : ''),
        )
      }
      if (spec.isOptional !== true) requiredSeen++
    }
    if (requiredSeen === required.length) return
    const missing = required.find(spec => isIn(wanted ?? required, spec.name) && !isIn(tensors, spec.name))
    if (missing === undefined) return
    throw invalid(
      `${side} '${missing.name}' is missing; expected ${missing.datatype} of shape ${formatShape(missing.shape)}`,
    )
  }
}

/** True if `shape` has the rank of `pattern` and every extent that is not -1 there. */
export function shapeMatches(shape: Shape, pattern: Shape): boolean {
  if (shape.length !== pattern.length) return false
  for (let axis = 0; axis < shape.length; axis++) {
    if (pattern[axis] !== -1 && pattern[axis] !== shape[axis]) return false
  }
  return true
}

/** Settings files are checked when they are read; what `load` declares is not. */
function checkSpec(spec: unknown, subject: string): void {
  const { name, datatype, shape } = (spec ?? {}) as Readonly<Record<string, unknown>>
  if (typeof name !== 'string') throw invalid(`${subject} has name ${describeValue(name)}; expected a text`)
  if (!(DATATYPES as readonly unknown[]).includes(datatype)) {
    throw invalid(
      `${subject}, '${name}', has datatype ${describeValue(datatype)}; allowed are ${DATATYPES.join(', ')}`,
    )
  }
  if (Array.isArray(shape) && shape.every(isExtent)) return
  throw invalid(
    `${subject}, '${name}', has shape ${Array.isArray(shape) ? `[${shape.join(', ')}]` : describeValue(shape)}; ` +
      'expected a list of whole numbers, where -1 stands for any extent',
  )
}

function isExtent(extent: unknown): boolean {
  return Number.isSafeInteger(extent) && (extent as number) >= -1
}

function isIn(named: readonly { readonly name: string }[], name: string): boolean {
  return named.some(candidate => candidate.name === name)
}

function invalid(message: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', message)
}
