import { ServingError } from '@millrace/sdk'
import type { ModelSignature, SignatureField, SignatureShape } from '../store/index.ts'
import { DATA_TYPES } from './data-types.ts'
import { shown } from './problems.ts'
import { PROFILE_WORDS, profileOf } from './profiles.ts'

const FIELDS_MAX = 10_000
const DEPTH_MAX = 16
const RANK_MAX = 32

/**
 * Checks the JSON of a signature as clients send it: the newer form, and the older one, wrapped as `predict` in a contract
 * with shapes of `dim`. Both give the newer form, with a profile in every field.
 *
 * @throws ServingError INVALID_ARGUMENT naming the member, its value and what is allowed
 */
export function readSignatureJson(json: unknown, path = 'modelSignature'): ModelSignature {
  const { predict } = readObject(json, path)
  if (predict !== undefined && predict !== null) return readSignature(predict, `${path}.predict`)
  return readSignature(json, path)
}

function readSignature(json: unknown, path: string): ModelSignature {
  const { signatureName, inputs, outputs } = readObject(json, path)
  if (typeof signatureName !== 'string') refuse(`${path}.signatureName`, signatureName, 'a text')
  if (signatureName.trim() === '') throw new ServingError('INVALID_ARGUMENT', 'Signature name is empty')
  const budget = { left: FIELDS_MAX }
  return {
    signatureName,
    inputs: readFields(inputs, `${path}.inputs`, 0, budget),
    outputs: readFields(outputs, `${path}.outputs`, 0, budget),
  }
}

function readFields(
  json: unknown,
  path: string,
  depth: number,
  budget: { left: number },
): readonly SignatureField[] {
  if (!Array.isArray(json) || json.length === 0) refuse(path, json, 'a list of at least one field')
  if (depth > DEPTH_MAX) refuse(path, json, `at most ${DEPTH_MAX} fields deep`)
  budget.left -= json.length
  if (budget.left < 0) refuse(path, json, `part of a signature of at most ${FIELDS_MAX} fields`)
  const names = new Set<string>()
  return json.map((item: unknown, index) => {
    const at = `${path}[${index}]`
    const { name, dtype, shape, profile, subfields } = readObject(item, at)
    if (typeof name !== 'string' || name === '') refuse(`${at}.name`, name, 'a name')
    if (names.has(name)) refuse(`${at}.name`, name, 'the name of only one field')
    names.add(name)
    const dims = readShape(shape, `${at}.shape`)
    if (Array.isArray(subfields)) {
      return { name, subfields: readFields(subfields, `${at}.subfields`, depth + 1, budget), shape: dims }
    }
    if (typeof dtype !== 'string' || !DATA_TYPES.has(dtype)) {
      refuse(`${at}.dtype`, dtype, `one of ${[...DATA_TYPES].join(', ')}`)
    }
    return { name, dtype, shape: dims, profile: readProfile(profile, `${at}.profile`) }
  })
}

function readProfile(json: unknown, path: string): string {
  if (json === undefined || json === null) return 'NONE'
  const profile = typeof json === 'string' ? profileOf(json) : undefined
  return profile ?? refuse(path, json, `one of ${PROFILE_WORDS.join(', ').toUpperCase()}`)
}

function readShape(json: unknown, path: string): SignatureShape | null {
  if (json === undefined || json === null) return null
  const { dims, dim, unknownRank } = readObject(json, path)
  if (unknownRank === true) return null
  const extents: unknown = dims ?? (Array.isArray(dim) ? dim.map(sizeOf) : dim) ?? []
  if (!Array.isArray(extents) || extents.length > RANK_MAX) {
    refuse(`${path}.dims`, extents, `a list of at most ${RANK_MAX} integers`)
  }
  return {
    dims: extents.map((extent: unknown, index) => {
      const at = `${path}.dims[${index}]`
      // 64-bit numbers may come as text.
      const size = typeof extent === 'string' && /^-?\d+$/.test(extent) ? Number(extent) : extent
      if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < -1) {
        return refuse(at, extent, 'an integer of at least -1')
      }
      return size === -1 && index > 0 ? refuse(at, extent, 'allowed: -1 may only be the first') : size
    }),
  }
}

function sizeOf(dim: unknown): unknown {
  return typeof dim === 'object' && dim !== null && 'size' in dim ? dim.size : dim
}

function readObject(json: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) {
    return json as Readonly<Record<string, unknown>>
  }
  return refuse(path, json, 'an object')
}

function refuse(path: string, value: unknown, allowed: string): never {
  const found =
    value === undefined || value === null
      ? 'nothing'
      : typeof value === 'object'
        ? 'what is there'
        : shown(value)
  throw new ServingError('INVALID_ARGUMENT', `${path}: ${found} is not ${allowed}`)
}
