/** An element as a test writes it down; lists only where JSON may nest. */
export type Element = number | bigint | boolean | string | Uint8Array | null | readonly Element[]

export type ParameterValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | readonly ParameterValue[]
  | { readonly [name: string]: ParameterValue }

export type Parameters = { readonly [name: string]: ParameterValue }

/** A tensor in no form yet. The datatype is any text, because wrong ones are asked for too. */
export interface TensorValue {
  readonly name: string
  readonly datatype: string
  readonly shape: readonly number[]
  /** Row-major, flat unless the row is about nesting. */
  readonly data: readonly Element[]
  readonly parameters?: Parameters | undefined
}

/**
 * A tensor such that two of them are equal if their values are, and differences can be read: byte
 * strings as text or hexadecimal digits, and no parameters where there are none.
 */
export function comparable({ name, datatype, shape, data, parameters }: TensorValue): object {
  const hasParameters = parameters !== undefined && Object.keys(parameters).length > 0
  return {
    name,
    datatype,
    shape,
    data: datatype === 'BYTES' ? data.map(readable) : data,
    ...(hasParameters ? { parameters } : {}),
  }
}

function readable(element: Element): Element {
  if (!(element instanceof Uint8Array)) return element
  const bytes = Buffer.from(element)
  const text = bytes.toString('utf8')
  return Buffer.from(text).equals(bytes) ? text : `hex ${bytes.toString('hex')}`
}

export function isFloat(datatype: string): boolean {
  return datatype.startsWith('FP') || datatype === 'BF16'
}
