import { ServingError } from '@millrace/sdk'

type FieldKind = 'text' | 'boolean' | 'whole' | 'object' | 'device'

/** Every member of `parameters.extra`, and of `MLSERVER_MODEL_HUGGINGFACE_…` in capitals. */
const FIELDS: Readonly<Record<string, FieldKind>> = {
  task: 'text',
  task_suffix: 'text',
  pretrained_model: 'text',
  pretrained_tokenizer: 'text',
  model_kwargs: 'object',
  framework: 'text',
  optimum_model: 'boolean',
  device: 'device',
  inter_op_threads: 'whole',
  intra_op_threads: 'whole',
  dtype: 'text',
  subfolder: 'text',
  model_file_name: 'text',
  allow_remote: 'boolean',
  revision: 'text',
  cache_dir: 'text',
  truncation: 'boolean',
  max_new_tokens_limit: 'whole',
  max_items: 'whole',
  max_text_characters: 'whole',
  max_image_pixels: 'whole',
}

const PREFIX = 'MLSERVER_MODEL_HUGGINGFACE_'
const UNIT_PARAMETERS = 'PREDICTIVE_UNIT_PARAMETERS'
const MEANINGS: Readonly<Record<FieldKind, string>> = {
  text: 'a text',
  boolean: 'true or false',
  whole: 'a whole number',
  object: 'an object',
  device: 'a text or a whole number',
}
const UNIT_TYPES: Readonly<Record<string, FieldKind>> = {
  INT: 'whole',
  FLOAT: 'whole',
  DOUBLE: 'whole',
  STRING: 'text',
  BOOL: 'boolean',
}

export interface FieldValue {
  readonly value: unknown
  /** How messages call it: `parameters.extra.task`, or the variable. */
  readonly origin: string
}

export interface Fields {
  readonly values: ReadonlyMap<string, FieldValue>
  readonly warnings: readonly string[]
}

/**
 * What is set, and where: `PREDICTIVE_UNIT_PARAMETERS` goes before `parameters.extra`, and that before
 * `MLSERVER_MODEL_HUGGINGFACE_…`, as in MLServer.
 * @throws ServingError INVALID_ARGUMENT naming the field, its value and what is allowed
 */
export function readFields(
  extra: Readonly<Record<string, unknown>>,
  environment: Readonly<Record<string, string | undefined>>,
): Fields {
  const values = new Map<string, FieldValue>()
  const warnings: string[] = []
  const set = (name: string, value: unknown, origin: string): void => {
    if (value !== null) values.set(name, { value: checked(value, FIELDS[name]!, origin), origin })
  }
  for (const name of Object.keys(FIELDS)) {
    const variable = PREFIX + name.toUpperCase()
    const text = environment[variable]
    if (text !== undefined) set(name, fromText(text, FIELDS[name]!), variable)
  }
  for (const [name, value] of Object.entries(extra)) {
    if (!Object.hasOwn(FIELDS, name)) {
      throw new ServingError(
        'INVALID_ARGUMENT',
        `parameters.extra.${name} is not an option; options are ${Object.keys(FIELDS).join(', ')}`,
      )
    }
    set(name, value, `parameters.extra.${name}`)
  }
  for (const { name, value } of unitParameters(environment[UNIT_PARAMETERS])) {
    // They are for all that runs in the container, so others may be meant.
    if (Object.hasOwn(FIELDS, name)) set(name, value, `${UNIT_PARAMETERS} '${name}'`)
    else warnings.push(`${UNIT_PARAMETERS} has '${name}', which is no option of this runtime`)
  }
  return { values, warnings }
}

function unitParameters(text: string | undefined): { readonly name: string; readonly value: unknown }[] {
  if (text === undefined || text === '') return []
  const list = parse(text)
  if (!Array.isArray(list)) throw invalid(UNIT_PARAMETERS, text, 'a JSON list of {"name", "value", "type"}')
  return (list as readonly unknown[]).map(entry => {
    const { name, value, type } = (entry ?? {}) as Readonly<Record<string, unknown>>
    const kind = typeof type === 'string' && Object.hasOwn(UNIT_TYPES, type) ? UNIT_TYPES[type] : undefined
    if (typeof name !== 'string' || kind === undefined) {
      throw invalid(
        UNIT_PARAMETERS,
        entry,
        `{"name", "value", "type"} with one of the types ${Object.keys(UNIT_TYPES).join(', ')}`,
      )
    }
    return { name, value: typeof value === 'string' ? fromText(value, kind) : value }
  })
}

/** What cannot be read stays a text, for `checked` to refuse. */
function fromText(text: string, kind: FieldKind): unknown {
  if (kind === 'boolean') {
    if (/^(?:true|yes|on|1|t|y)$/i.test(text)) return true
    return /^(?:false|no|off|0|f|n)$/i.test(text) ? false : text
  }
  if (kind === 'whole' || kind === 'device') return /^-?\d+$/.test(text) ? Number(text) : text
  return kind === 'object' ? parse(text) : text
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}

function checked(value: unknown, kind: FieldKind, origin: string): unknown {
  const isRight =
    kind === 'text'
      ? typeof value === 'string'
      : kind === 'boolean'
        ? typeof value === 'boolean'
        : kind === 'whole'
          ? Number.isSafeInteger(value)
          : kind === 'device'
            ? typeof value === 'string' || Number.isSafeInteger(value)
            : typeof value === 'object' && !Array.isArray(value)
  if (isRight) return value
  throw invalid(origin, value, MEANINGS[kind])
}

/** What to throw for a value that is not allowed. */
export function invalid(origin: string, value: unknown, allowed: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', `${origin} is ${JSON.stringify(value)}; allowed is ${allowed}`)
}
