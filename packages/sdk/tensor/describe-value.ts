const SHOWN_CHARACTERS = 40

/**
 * How a message names a value that is not what it should be: itself if it is short and plain, else
 * its kind (`an Int8Array`). Never the whole of something long.
 */
export function describeValue(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value.length > SHOWN_CHARACTERS ? `${value.slice(0, SHOWN_CHARACTERS)}…` : value)
    case 'function':
      return 'a function'
    case 'object':
      return value === null ? 'null' : withArticle(nameOfKind(value))
    case 'bigint':
      return shorten(String(value))
    default:
      return String(value)
  }
}

/** `a Uint8Array`, `an Int8Array`. */
export function withArticle(noun: string): string {
  return `${/^[aeio]/i.test(noun) ? 'an' : 'a'} ${noun}`
}

function nameOfKind(value: object): string {
  // An object without a prototype has no constructor, and one from JSON may have anything under that name.
  const maker: unknown = value.constructor
  return typeof maker === 'function' && maker.name !== '' ? shorten(maker.name) : 'object'
}

function shorten(text: string): string {
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text
}
