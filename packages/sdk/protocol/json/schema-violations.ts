import { ServingError, type Violation } from '../../errors/index.ts'
import { DATATYPES } from '../../tensor/index.ts'
import type { JsonReader, JsonSubject } from './json-reader.ts'
import { readValue } from './value-reader.ts'

/** The path of a member from the request's root, e.g. `['inputs', 0, 'datatype']`. */
export type Location = readonly (string | number)[]

/** A hostile body can break the schema in every third byte; no reader wants more than these. */
const MAX_VIOLATIONS = 16
/** Longer values are left out of the answer. */
const MAX_INPUT_BYTES = 256

// BF16 is accepted, but clients compare this text with MLServer's, which does not know it.
const LISTED = DATATYPES.filter(datatype => datatype !== 'BF16' && datatype !== 'BYTES')
const EXPECTED_DATATYPES = `${LISTED.map(datatype => `'${datatype}'`).join(', ')} or 'BYTES'`

/**
 * Gathers what breaks the schema of a request, in the words of MLServer's REST server (pydantic's),
 * so that one answer names every mistake.
 */
export class SchemaViolations {
  readonly #reader: JsonReader
  readonly #list: Violation[] = []

  constructor(reader: JsonReader) {
    this.#reader = reader
  }

  get isEmpty(): boolean {
    return this.#list.length === 0
  }

  /** @param start where the object begins that lacks the member; the cursor is behind it */
  missing(loc: Location, start: number): void {
    this.#add('missing', loc, 'Field required', start)
  }

  /** @param start where the offending value begins; the cursor is behind it */
  wrongType(kind: keyof typeof WRONG_TYPES, loc: Location, start: number): void {
    const [type, msg] = WRONG_TYPES[kind]
    this.#add(type, loc, msg, start)
  }

  unknownDatatype(loc: Location, start: number): void {
    this.#add('enum', loc, `Input should be ${EXPECTED_DATATYPES}`, start, { expected: EXPECTED_DATATYPES })
  }

  /** @throws ServingError INVALID_ARGUMENT with all violations, if there are any */
  throwIfAny(): void {
    if (this.#list.length > 0) throw invalidBody(this.#list, this.#reader.subject)
  }

  #add(type: string, loc: Location, msg: string, start: number, ctx?: Violation['ctx']): void {
    const input = this.#valueFrom(start)
    this.#list.push({
      type,
      loc: ['body', ...loc],
      msg,
      ...(input === undefined ? {} : { input }),
      ...(ctx === undefined ? {} : { ctx }),
    })
    if (this.#list.length === MAX_VIOLATIONS) throw invalidBody(this.#list, this.#reader.subject)
  }

  #valueFrom(start: number): unknown {
    const reader = this.#reader
    const end = reader.position
    if (end - start > MAX_INPUT_BYTES) return undefined
    reader.position = start
    const value = readValue(reader)
    reader.position = end
    return value
  }
}

const WRONG_TYPES = {
  string: ['string_type', 'Input should be a valid string'],
  list: ['list_type', 'Input should be a valid list'],
  object: ['model_attributes_type', 'Input should be a valid dictionary or object to extract fields from'],
  integer: ['int_type', 'Input should be a valid integer'],
  wholeNumber: ['int_from_float', 'Input should be a valid integer, got a number with a fractional part'],
  integerText: ['int_parsing', 'Input should be a valid integer, unable to parse string as an integer'],
} as const

/** The answer to a request without a body. */
export function missingBody(): ServingError {
  return invalidBody(
    [{ type: 'missing', loc: ['body'], msg: 'Field required', input: null }],
    'the request body',
  )
}

function invalidBody(violations: readonly Violation[], subject: JsonSubject): ServingError {
  const message = violations
    .map(({ loc, msg }) => `${formatLocation(loc.slice(1), subject)}: ${msg}`)
    .join('; ')
  return new ServingError('INVALID_ARGUMENT', message, { violations })
}

/** `['inputs', 0, 'datatype']` as `inputs[0].datatype`; the root by the name of what is read. */
export function formatLocation(loc: Location, subject: JsonSubject = 'the request body'): string {
  let path = ''
  for (const step of loc) {
    if (typeof step === 'number') path += `[${step}]`
    else path += path === '' ? step : `.${step}`
  }
  return path === '' ? subject : path
}
