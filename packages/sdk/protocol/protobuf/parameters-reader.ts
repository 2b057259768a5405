import type { ParameterValue } from '../../tensor/index.ts'
import type { WireReader } from './wire-reader.ts'

/** Parameters while they are being read. */
export type ParametersDraft = Record<string, ParameterValue> | undefined

/**
 * Reads one entry of a `map<string, InferParameter>` and adds it to `draft`, which is made when there
 * is something to hold. 64-bit integers are numbers where that is exact, else bigints. An entry
 * with no kind set is ignored; of entries with one name the last counts.
 */
export function readParameter(reader: WireReader, draft: ParametersDraft): ParametersDraft {
  const outer = reader.enter()
  let name = ''
  let value: ParameterValue | undefined
  while (reader.offset < reader.limit) {
    const tag = reader.tag()
    if (tag === 0x0a) name = reader.name()
    else if (tag === 0x12) value = readValue(reader, value)
    else reader.skip(tag)
  }
  reader.limit = outer
  if (value === undefined) {
    // "Not set", which takes an earlier entry of that name away.
    if (draft !== undefined) Reflect.deleteProperty(draft, name)
    return draft
  }
  const parameters = draft ?? {}
  // A plain assignment to this name would change the object's prototype.
  if (name === '__proto__') {
    Object.defineProperty(parameters, name, { value, enumerable: true, configurable: true, writable: true })
  } else parameters[name] = value
  return parameters
}

/** Reads one InferParameter. Should a map entry hold several, they merge: `earlier` stays unless set anew. */
function readValue(reader: WireReader, earlier: ParameterValue | undefined): ParameterValue | undefined {
  const outer = reader.enter()
  let value = earlier
  while (reader.offset < reader.limit) {
    const tag = reader.tag()
    switch (tag) {
      case 0x08:
        value = reader.boolean()
        break
      case 0x10:
        value = reader.int64()
        break
      case 0x1a:
        value = reader.text()
        break
      case 0x21:
        value = reader.double()
        break
      case 0x28:
        value = reader.uint64()
        break
      default:
        reader.skip(tag)
    }
  }
  reader.limit = outer
  return value
}
