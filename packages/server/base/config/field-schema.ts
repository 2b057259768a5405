/**
 * The part of JSON Schema that describes settings. Schemas are written as literals, so that one text
 * is checked, typed (`XStatic`) and shown to editors.
 */
export interface FieldSchema {
  readonly type?: FieldType | readonly FieldType[]
  readonly title?: string
  readonly description?: string
  readonly default?: unknown
  readonly enum?: readonly string[]
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
  readonly items?: FieldSchema
  readonly properties?: FieldSchemas
  readonly required?: readonly string[]
  /** False: other members are reported and dropped. Otherwise they are kept. */
  readonly additionalProperties?: boolean
}

export type FieldType = 'string' | 'integer' | 'number' | 'boolean' | 'array' | 'object' | 'null'
export type FieldSchemas = Readonly<Record<string, FieldSchema>>

/** A schema of a whole settings file. */
export interface ObjectSchema extends FieldSchema {
  readonly properties: FieldSchemas
}

/** True if the schema allows this type by name; one without types allows anything. */
export function allowsType(schema: FieldSchema, type: FieldType): boolean {
  if (schema.type === undefined) return schema.enum === undefined || type === 'string'
  return typeof schema.type === 'string' ? schema.type === type : schema.type.includes(type)
}

/** What a field may hold, in words: `a whole number from 0 to 65535`. */
export function describeAllowed(schema: FieldSchema): string {
  if (schema.enum !== undefined) return `one of ${schema.enum.join(', ')}`
  const types = schema.type === undefined ? [] : [schema.type].flat()
  return types.length === 0 ? 'any value' : types.map(type => describeType(type, schema)).join(' or ')
}

function describeType(type: FieldType, schema: FieldSchema): string {
  switch (type) {
    case 'string':
      return `a text${describeText(schema)}`
    case 'integer':
      return `a whole number${describeRange(schema)}`
    case 'number':
      return `a number${describeRange(schema)}`
    case 'boolean':
      return 'true or false'
    case 'array':
      return 'a list'
    case 'object':
      return 'an object'
    default:
      return type
  }
}

function describeText({ minLength, maxLength, pattern }: FieldSchema): string {
  if (pattern !== undefined) return ` that matches ${pattern}`
  if (maxLength !== undefined) return ` of ${minLength ?? 0} to ${maxLength} characters`
  return minLength === undefined ? '' : ' that is not empty'
}

function describeRange({ minimum, maximum }: FieldSchema): string {
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`
  if (minimum !== undefined) return ` of at least ${minimum}`
  return maximum === undefined ? '' : ` of at most ${maximum}`
}
