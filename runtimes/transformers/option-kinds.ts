import { NdArray, ServingError } from '@millrace/sdk'

/**
 * What a value of an option is: `count` a whole number from 1, `natural` one from 0, `number` one that is not
 * negative, `positive` one above 0; what is `ignored` is read and has no effect.
 */
export type OptionKind =
  | 'count'
  | 'natural'
  | 'number'
  | 'positive'
  | 'boolean'
  | 'text'
  | 'texts'
  | 'ignored'

/** What a request may say of how tokens are made, by the library's names. */
export const GENERATION_OPTIONS: Readonly<Record<string, OptionKind>> = {
  max_new_tokens: 'count',
  max_length: 'count',
  min_new_tokens: 'natural',
  min_length: 'natural',
  do_sample: 'boolean',
  temperature: 'number',
  top_k: 'natural',
  repetition_penalty: 'positive',
  no_repeat_ngram_size: 'natural',
  // Clients of the generate extension send it; the route has decided already.
  stream: 'ignored',
}

const LARGEST_COUNT = 1_000_000

const KINDS: Readonly<Record<OptionKind, readonly [meaning: string, holds: (value: unknown) => boolean]>> = {
  count: [`a whole number from 1 to ${LARGEST_COUNT}`, value => isWhole(value, 1)],
  natural: [`a whole number from 0 to ${LARGEST_COUNT}`, value => isWhole(value, 0)],
  number: ['a number from 0', value => isFiniteNumber(value) && value >= 0],
  positive: ['a number above 0', value => isFiniteNumber(value) && value > 0],
  boolean: ['true or false', value => typeof value === 'boolean'],
  text: ['a text', value => typeof value === 'string'],
  texts: ['a list of texts', value => isTexts(value)],
  ignored: ['anything', () => true],
}

/**
 * The value of an option, from a request parameter or from what an input holds: a list of one, or of the same value
 * again and again, stands for the value.
 * @throws ServingError INVALID_ARGUMENT naming the option, its value and what is allowed
 */
export function readOption(name: string, given: unknown, kind: OptionKind): unknown {
  const plain = NdArray.is(given) ? given.elements() : given
  const value =
    kind === 'texts' ? (typeof plain === 'string' ? [plain] : plain) : fromText(single(plain), kind)
  const [meaning, holds] = KINDS[kind]
  if (holds(value)) return value
  throw new ServingError('INVALID_ARGUMENT', `'${name}' is ${shown(value)}; allowed is ${meaning}`)
}

export function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(item => typeof item === 'string')
}

function single(value: unknown): unknown {
  const first: unknown = Array.isArray(value) ? value[0] : value
  const isSame = !Array.isArray(value) || (value.length > 0 && value.every(item => item === first))
  const one = isSame ? first : value
  return typeof one === 'bigint' && Number.isSafeInteger(Number(one)) ? Number(one) : one
}

/** Text that stands for a number or a boolean, as inputs of BYTES hold them. */
function fromText(value: unknown, kind: OptionKind): unknown {
  if (typeof value !== 'string' || kind === 'text' || kind === 'ignored') return value
  if (kind === 'boolean') return value === 'true' ? true : value === 'false' ? false : value
  return /^-?\d+(?:\.\d+)?(?:e-?\d+)?$/i.test(value) ? Number(value) : value
}

function isWhole(value: unknown, least: number): boolean {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= LARGEST_COUNT
}

function isFiniteNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

function shown(value: unknown): string {
  const text = JSON.stringify(value, (_, member: unknown) =>
    typeof member === 'bigint' ? String(member) : member,
  ) as string | undefined
  if (text === undefined) return String(value)
  return text.length > 100 ? `${text.slice(0, 100)}…` : text
}
