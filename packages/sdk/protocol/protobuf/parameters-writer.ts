import { ServingError } from '../../errors/index.ts'
import type { Parameters, ParameterValue } from '../../tensor/index.ts'
import { fieldSize, textSize, varint64Size } from './wire-sizes.ts'
import type { WireWriter } from './wire-writer.ts'

/** Tags of InferParameter's fields. */
const BOOL = 0x08
const INT64 = 0x10
const STRING = 0x1a
const DOUBLE = 0x21
const UINT64 = 0x28

/** One parameter with everything that its bytes depend on already worked out. */
interface PlannedParameter {
  readonly name: string
  readonly nameSize: number
  readonly kind: typeof BOOL | typeof INT64 | typeof STRING | typeof DOUBLE | typeof UINT64
  readonly text: string
  readonly double: number
  /** Halves of the integer or boolean. */
  readonly low: number
  readonly high: number
  /** Of the text, where it is one. */
  readonly textSize: number
  /** Of the InferParameter message. */
  readonly valueSize: number
  /** Of the map entry, without its tag and length. */
  readonly entrySize: number
}

export interface ParametersPlan {
  readonly parameters: readonly PlannedParameter[]
  /** Of all entries with their tags and lengths. */
  readonly sizeBytes: number
}

/**
 * Works out how parameters travel as `map<string, InferParameter>`:
 *
 *     boolean                        bool_param
 *     safe integer; bigint           int64_param, beyond its range uint64_param
 *     any other number               double_param
 *     string                         string_param
 *     list, object, larger bigint    string_param, as JSON text
 *     null, undefined                left out: the protocol has no kind for them
 *
 * @throws ServingError INTERNAL for a value that JSON cannot express, such as one that holds itself
 */
export function planParameters(parameters: Parameters | undefined): ParametersPlan | undefined {
  if (parameters === undefined) return undefined
  const planned: PlannedParameter[] = []
  let sizeBytes = 0
  for (const [name, value] of Object.entries(parameters)) {
    const parameter = planParameter(name, value)
    if (parameter === undefined) continue
    planned.push(parameter)
    sizeBytes += fieldSize(parameter.entrySize)
  }
  return planned.length === 0 ? undefined : { parameters: planned, sizeBytes }
}

/** @param tag of the map field */
export function writeParameters(writer: WireWriter, tag: number, plan: ParametersPlan | undefined): void {
  if (plan === undefined) return
  for (const parameter of plan.parameters) {
    writer.head(tag, parameter.entrySize)
    writer.text(0x0a, parameter.name, parameter.nameSize)
    writer.head(0x12, parameter.valueSize)
    switch (parameter.kind) {
      case STRING:
        writer.text(STRING, parameter.text, parameter.textSize)
        break
      case DOUBLE:
        writer.byte(DOUBLE)
        writer.double(parameter.double)
        break
      default:
        writer.byte(parameter.kind)
        writer.varint64(parameter.low, parameter.high)
    }
  }
}

function planParameter(name: string, value: ParameterValue | undefined): PlannedParameter | undefined {
  switch (typeof value) {
    case 'boolean':
      return planInteger(name, BOOL, value ? 1 : 0, 0)
    case 'number':
      // Minus zero is no integer of the wire.
      return Number.isSafeInteger(value) && !Object.is(value, -0)
        ? planInteger(name, INT64, value | 0, Math.floor(value / 0x1_0000_0000) | 0)
        : complete(name, { kind: DOUBLE, double: value }, 9)
    case 'bigint':
      return planBigint(name, value)
    case 'string':
      return planText(name, value)
    default:
      return value === null || value === undefined ? undefined : planText(name, jsonText(name, value))
  }
}

function planBigint(name: string, value: bigint): PlannedParameter {
  const low = Number(BigInt.asIntN(32, value))
  const high = Number(BigInt.asIntN(32, value >> 32n))
  if (BigInt.asIntN(64, value) === value) return planInteger(name, INT64, low, high)
  if (BigInt.asUintN(64, value) === value) return planInteger(name, UINT64, low, high)
  return planText(name, String(value))
}

function planInteger(
  name: string,
  kind: PlannedParameter['kind'],
  low: number,
  high: number,
): PlannedParameter {
  return complete(name, { kind, low, high }, 1 + varint64Size(low, high))
}

function planText(name: string, text: string): PlannedParameter {
  const size = textSize(text)
  return complete(name, { kind: STRING, text, textSize: size }, fieldSize(size))
}

function complete(
  name: string,
  value: Pick<PlannedParameter, 'kind'> & Partial<PlannedParameter>,
  valueSize: number,
): PlannedParameter {
  const nameSize = textSize(name)
  return {
    name,
    nameSize,
    text: '',
    double: 0,
    low: 0,
    high: 0,
    textSize: 0,
    ...value,
    valueSize,
    entrySize: fieldSize(nameSize) + fieldSize(valueSize),
  }
}

/** Bigints are written as their digits, which `JSON.stringify` alone refuses. */
function jsonText(name: string, value: ParameterValue): string {
  try {
    return JSON.stringify(value, (_, part: unknown) =>
      typeof part === 'bigint' ? rawJson.rawJSON(String(part)) : part,
    )
  } catch (error) {
    throw new ServingError('INTERNAL', `parameter '${name}' cannot be written as JSON`, { cause: error })
  }
}

/** Part of the language (ECMAScript "JSON.parse source text access"), not yet of the compiler's library. */
const rawJson = JSON as unknown as { rawJSON(text: string): unknown }
