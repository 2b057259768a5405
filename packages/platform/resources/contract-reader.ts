import type { ModelSignature, SignatureField, SignatureShape } from '../store/index.ts'
import { DATA_TYPE_WORDS, dataTypeOf } from './data-types.ts'
import { didYouMean } from './nearest-word.ts'
import { PROFILE_WORDS, profileOf } from './profiles.ts'
import type { YamlValue } from './yaml-value.ts'

/** The function that is called when a contract names none. */
const DEFAULT_NAME = 'predict'
const RANK_MAX = 32

const CONTRACT_FIELDS = ['name', 'inputs', 'outputs']
const FIELD_FIELDS = ['shape', 'type', 'profile', 'fields']

/** Reads the `contract` of a model. `undefined` when something is wrong with it, which has been noted. */
export function readContract(value: YamlValue): ModelSignature | undefined {
  const fields = value.fields(CONTRACT_FIELDS, 'a contract: an object with inputs and outputs')
  if (fields === undefined) return undefined
  const name = fields.get('name')
  const signatureName = name === undefined ? DEFAULT_NAME : name.text('the name of a function')
  const [inputs, outputs] = ['inputs', 'outputs'].map(part => {
    const list = fields.get(part)
    if (list !== undefined) return readFields(list)
    return value.problem(`${part} are missing; they are an object of fields by name`)
  })
  if (signatureName === undefined || inputs === undefined || outputs === undefined) return undefined
  return { signatureName, inputs, outputs }
}

function readFields(value: YamlValue): readonly SignatureField[] | undefined {
  const entries = value.entries('an object of fields by name')
  if (entries === undefined) return undefined
  if (entries.size === 0) return value.problem('there must be at least one field')
  const fields = [...entries].map(([name, field]) => readField(name, field))
  return fields.every(field => field !== undefined) ? fields : undefined
}

function readField(name: string, value: YamlValue): SignatureField | undefined {
  if (name.trim() === '') return value.problem('a field must have a name')
  const fields = value.fields(FIELD_FIELDS, 'a field: an object such as {shape: [-1, 2], type: float64}')
  if (fields === undefined) return undefined
  const shape = readShape(fields.get('shape'))
  const [type, nested, profile] = [fields.get('type'), fields.get('fields'), fields.get('profile')]
  if (nested !== undefined) {
    type?.problem('a field with further fields has no type')
    profile?.problem('a field with further fields has no profile')
    const subfields = readFields(nested)
    return subfields === undefined || shape === undefined ? undefined : { name, subfields, shape }
  }
  const dtype = type === undefined ? value.problem('type is missing') : readType(type)
  const tag = profile === undefined ? 'NONE' : readProfile(profile)
  return dtype === undefined || tag === undefined || shape === undefined
    ? undefined
    : { name, dtype, shape, profile: tag }
}

function readType(value: YamlValue): string | undefined {
  const word = value.text('a type')
  if (word === undefined) return undefined
  return (
    dataTypeOf(word) ??
    value.problem(
      `'${word}' is not a type${didYouMean(word, DATA_TYPE_WORDS)}; the types are ${DATA_TYPE_WORDS.join(', ')}`,
    )
  )
}

function readProfile(value: YamlValue): string | undefined {
  const word = value.text('a profile')
  if (word === undefined) return undefined
  return (
    profileOf(word) ??
    value.problem(
      `'${word}' is not a profile${didYouMean(word, PROFILE_WORDS)}; the profiles are ${PROFILE_WORDS.join(', ')}`,
    )
  )
}

/** `null` for any shape: the field says none. */
function readShape(value: YamlValue | undefined): SignatureShape | null | undefined {
  if (value === undefined) return null
  if (typeof value.scalar === 'string' && value.scalar.toLowerCase() === 'scalar') return { dims: [] }
  const items = value.items("a shape: 'scalar', or a list of integers such as [-1, 2]")
  if (items === undefined) return undefined
  if (items.length > RANK_MAX) {
    return value.problem(`a shape of ${items.length} dimensions is not allowed; at most ${RANK_MAX} are`)
  }
  const dims = items.map((item, index) => {
    const size = item.integer(-1)
    return size === -1 && index > 0 ? item.problem('-1 may only be the first dimension of a shape') : size
  })
  return dims.every(size => size !== undefined) ? { dims } : undefined
}
