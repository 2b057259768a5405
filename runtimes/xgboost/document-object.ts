/** An object of a model document, read by the names and kinds that the reader expects. Errors name the place. */
export interface DocumentObject {
  /** Where it is, such as `learner.gradient_booster.model`. */
  readonly place: string
  /** The member of that name as an object. */
  object(name: string): DocumentObject
  has(name: string): boolean
  /** A list of objects. */
  objects(name: string): readonly DocumentObject[]
  text(name: string): string
  texts(name: string): readonly string[]
  /** Every member that is a text. */
  entries(): ReadonlyMap<string, string>
  /** A whole number, also written as a text. */
  integer(name: string): number
  integers(name: string): Int32Array
  numbers(name: string): Float64Array
  fail(what: string): never
}

/**
 * @param value what JSON or Universal Binary JSON says
 * @param fail throws the error of what is wrong
 */
export function createDocumentObject(
  value: unknown,
  place: string,
  fail: (what: string) => never,
): DocumentObject {
  if (typeof value !== 'object' || value === null || isList(value))
    return fail(`${place} is ${kindOf(value)}; expected an object`)
  const at = (name: string): string => (place === '' ? name : `${place}.${name}`)
  const has = (name: string): boolean => Object.hasOwn(value, name)

  function member(name: string): unknown {
    if (!has(name)) fail(`${at(name)} is missing`)
    return (value as Record<string, unknown>)[name]
  }

  function list(name: string): ArrayLike<unknown> {
    const found = member(name)
    return isList(found) ? found : fail(`${at(name)} is ${kindOf(found)}; expected a list`)
  }

  function text(name: string): string {
    const found = member(name)
    return typeof found === 'string' ? found : fail(`${at(name)} is ${kindOf(found)}; expected a text`)
  }

  return {
    place,
    has,
    text,
    object: name => createDocumentObject(member(name), at(name), fail),
    objects: name =>
      Array.from(list(name), (item, index) => createDocumentObject(item, `${at(name)}[${index}]`, fail)),
    texts: name =>
      Array.from(list(name), (item, index) =>
        typeof item === 'string' ? item : fail(`${at(name)}[${index}] is ${kindOf(item)}; expected a text`),
      ),
    entries: () => new Map(Object.entries(value).filter(([, item]) => typeof item === 'string')),
    integer(name) {
      const found = member(name)
      const number = typeof found === 'string' && found.trim() !== '' ? Number(found) : found
      if (typeof number === 'number' && Number.isSafeInteger(number)) return number
      return fail(`${at(name)} is ${shown(found)}; expected a whole number`)
    },
    integers(name) {
      const items = list(name)
      if (items instanceof Int32Array) return items
      const values = new Int32Array(items.length)
      for (let index = 0; index < items.length; index++) {
        const item = items[index]
        const number = typeof item === 'boolean' ? Number(item) : item
        if (typeof number !== 'number' || (number | 0) !== number)
          fail(`${at(name)}[${index}] is ${shown(item)}; expected a whole number of 32 bits`)
        values[index] = number
      }
      return values
    },
    numbers(name) {
      const items = list(name)
      const values = new Float64Array(items.length)
      for (let index = 0; index < items.length; index++) {
        const item = items[index]
        // What JSON cannot say is null there: NaN, of which each place makes what it means.
        const number = item === null ? Number.NaN : item
        if (typeof number !== 'number') fail(`${at(name)}[${index}] is ${shown(item)}; expected a number`)
        values[index] = number
      }
      return values
    },
    fail: what => fail(`${place}: ${what}`),
  }
}

function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (isList(value)) return 'a list'
  return { object: 'an object', string: 'a text', number: 'a number' }[typeof value as string] ?? typeof value
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 40))
  return typeof value === 'number' ? String(value) : kindOf(value)
}
