import type { Compression } from './content-encoding.ts'

/**
 * Which compression a client prefers over an uncompressed response, or `undefined`
 * (RFC 9110 section 12.5.3). gzip wins a tie; `identity` has to be named with a higher weight to win.
 */
export function preferredCompression(acceptEncoding: string | undefined): Compression | undefined {
  if (acceptEncoding === undefined) return undefined
  const weights = parseWeights(acceptEncoding)
  const others = weights.get('*') ?? 0
  const gzip = weights.get('gzip') ?? weights.get('x-gzip') ?? others
  const deflate = weights.get('deflate') ?? others
  const identity = weights.get('identity') ?? 0
  const best = Math.max(gzip, deflate)
  if (best === 0 || identity > best) return undefined
  return gzip >= deflate ? 'gzip' : 'deflate'
}

function parseWeights(header: string): Map<string, number> {
  const weights = new Map<string, number>()
  for (const element of header.split(',')) {
    const [coding = '', ...parameters] = element.split(';')
    const name = coding.trim().toLowerCase()
    if (name !== '') weights.set(name, parseWeight(parameters))
  }
  return weights
}

const WEIGHT = /^\s*q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*$/i

/** A weight that cannot be read counts as 0: better no compression than one the client did not ask for. */
function parseWeight(parameters: readonly string[]): number {
  const [parameter] = parameters
  if (parameter === undefined) return 1
  const weight = WEIGHT.exec(parameter)?.[1]
  return weight === undefined ? 0 : Number(weight)
}
