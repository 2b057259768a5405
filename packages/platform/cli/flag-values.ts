import { InvalidArgumentError } from 'commander'
import { readQuantity } from '../resources/index.ts'

/** A parser of flags that are whole numbers from `min` to `max`. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return text => {
    if (/^\d{1,15}$/.test(text) && Number(text) >= min && Number(text) <= max) return Number(text)
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`)
  }
}

/** A parser of flags that are bytes, also as quantities of Kubernetes, from `min` up. */
export function bytes(min: number): (text: string) => number {
  return text => {
    const value = readQuantity(text)
    if (value !== undefined && value >= min && value <= Number.MAX_SAFE_INTEGER) return Math.floor(value)
    throw new InvalidArgumentError(`It must be bytes, such as 8000000000, 8G or 8Gi, and at least ${min}.`)
  }
}

/** A parser of flags that are seconds, perhaps with a fraction, up to `max`. */
export function seconds(max: number, isZeroAllowed: boolean): (text: string) => number {
  return text => {
    const value = /^\d*\.?\d+$|^\d+\.$/.test(text) ? Number(text) : Number.NaN
    if (value <= max && (value > 0 || (isZeroAllowed && value === 0))) return value
    throw new InvalidArgumentError(
      `It must be a number of seconds ${isZeroAllowed ? 'from 0' : 'above 0'} to ${max}.`,
    )
  }
}

const HEADER = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):\s*([ -~]*)$/

/**
 * Gathers `Name: value` headers. A variable may hold several, one a line, or separated by white space if
 * none is behind a colon.
 */
export function headerList(
  text: string,
  previous: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const words = text.trim().split(/\s+/)
  const isWords = words.length > 1 && words.every(word => /^[^\s:]+:[^\s]+$/.test(word))
  const headers: Record<string, string> = { ...previous }
  for (const line of isWords ? words : text.split('\n').filter(part => part.trim() !== '')) {
    const [, name, value] = HEADER.exec(line.trim()) ?? []
    if (name === undefined || value === undefined) {
      throw new InvalidArgumentError("It must be 'Name: value', in printable ASCII.")
    }
    headers[name.toLowerCase()] = value.trim()
  }
  return headers
}
