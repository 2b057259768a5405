import { formatShape, type Shape } from '@millrace/sdk'
import type { HydrosphereGroup, HydrosphereValue } from '@millrace/sdk/protocol'
import { dtypeOf } from './data-types.ts'
import { GatewayFailure } from './gateway-failure.ts'
import type { GroupField, SideField, TensorField } from './signature-side.ts'

/** Messages list this many; a client who sends thousands of wrong fields need not be told of each. */
const SHOWN_VIOLATIONS = 50

/** What is wrong with values, a sentence each. */
interface Violations {
  /** The first of them. */
  readonly shown: string[]
  count: number
}

/** The values that the signature declares, in its order, or all that is wrong with them. */
type CheckedValues =
  | { readonly values: readonly HydrosphereValue[]; readonly violations?: undefined }
  | { readonly violations: Violations }

/** Holds values against a signature; what is not declared is left out. */
export type SideCheck = (values: readonly HydrosphereValue[]) => CheckedValues

/** Of values with one name the last counts, as in a map on the wire. */
export function compileSideCheck(fields: readonly SideField[]): SideCheck {
  return given => {
    const found: HydrosphereValue[] = []
    let violations: Violations | undefined
    for (const field of fields) {
      const value = lastNamed(given, field.name)
      if (field.datatype === undefined && value !== undefined && value.datatype === undefined) {
        const wrong: Violations = violations ?? { shown: [], count: 0 }
        found.push(checkGroup(field, value, field.name, wrong))
        if (wrong.count > 0) violations = wrong
        continue
      }
      const violation =
        value === undefined ? `Missing field ${field.name}` : violationOf(field, value, field.name)
      if (violation === undefined) found.push(value!)
      else note((violations ??= { shown: [], count: 0 }), violation)
    }
    return violations === undefined ? { values: found } : { violations }
  }
}

/** Who broke its signature: the client, or the model whose outputs these are or were. */
export type Culprit = 'client' | 'model'

/**
 * @param where which values of whom, such as "inputs of stage 0, servable scaler-1-a"
 */
export function contractViolation(
  { shown, count }: Violations,
  where: string,
  culprit: Culprit,
): GatewayFailure {
  const rest = count - shown.length
  const lines = shown.map(violation => `${violation} (${where})`)
  if (rest > 0) lines.push(`and ${rest} more`)
  const message = `Multiple validation errors:\n${lines.join('\n')}`
  return culprit === 'client'
    ? new GatewayFailure('ContractViolationError', 'INVALID_ARGUMENT', message)
    : new GatewayFailure('ContractViolationError', 'INTERNAL', message, { httpStatus: 502 })
}

function note(violations: Violations, violation: string): void {
  if (violations.count++ < SHOWN_VIOLATIONS) violations.shown.push(violation)
}

/** A group with the members that are declared; it counts only if nothing was wrong. */
function checkGroup(
  { subfields, shape }: GroupField,
  group: HydrosphereGroup,
  path: string,
  violations: Violations,
): HydrosphereGroup {
  if (shape !== null && !shapeFits(group.shape, shape)) {
    note(violations, misshapen(path, group.shape, shape))
  }
  const isOne = group.shape.length === 0
  const objects = group.objects.map((members, index) => {
    const prefix = isOne ? path : `${path}[${index}]`
    const found: HydrosphereValue[] = []
    for (const field of subfields) {
      const value = lastNamed(members, field.name)
      const at = `${prefix}.${field.name}`
      if (value === undefined) note(violations, `Missing field ${at}`)
      else if (field.datatype === undefined && value.datatype === undefined) {
        found.push(checkGroup(field, value, at, violations))
      } else {
        const violation = violationOf(field, value, at)
        if (violation === undefined) found.push(value)
        else note(violations, violation)
      }
    }
    return found
  })
  return { ...group, objects }
}

/** Not for a group in the place of one. */
function violationOf(field: SideField, value: HydrosphereValue, path: string): string | undefined {
  if (value.datatype !== field.datatype) {
    return `Expected ${typeNameOf(field)} data type for field ${path}, got ${dtypeOf(value.datatype)}`
  }
  const { shape } = field
  if (shape === null || shapeFits(value.shape, shape)) return undefined
  return misshapen(path, value.shape, shape)
}

function typeNameOf(field: TensorField | GroupField): string {
  return field.datatype === undefined ? dtypeOf(undefined) : field.dtype
}

function misshapen(path: string, found: Shape, expected: Shape): string {
  return `Expected ${formatShape(expected)} shape for field ${path}, got ${formatShape(found)}`
}

function shapeFits(shape: Shape, declared: Shape): boolean {
  if (shape.length !== declared.length) return false
  for (let axis = 0; axis < shape.length; axis++) {
    if (declared[axis] !== -1 && declared[axis] !== shape[axis]) return false
  }
  return true
}

function lastNamed(values: readonly HydrosphereValue[], name: string): HydrosphereValue | undefined {
  for (let index = values.length - 1; index >= 0; index--) {
    if (values[index]!.name === name) return values[index]
  }
  return undefined
}
