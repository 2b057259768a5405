import fc from 'fast-check'

/**
 * Arbitraries of JSON as text, which can hold what no value can: members twice, numbers beyond a double, escapes
 * of halves of characters.
 */
export const jsonNumber = fc.oneof(
  { weight: 20, arbitrary: fc.integer().map(String) },
  { weight: 20, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }).map(String) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '0',
      '-0',
      '-1',
      '1e999',
      '-1e999',
      '1e-999',
      '0.0',
      '1E+2',
      '9007199254740993',
      '2147483648',
      '9223372036854775807',
      '-9223372036854775809',
      '18446744073709551616',
      '65504.1',
      '1.0000000000000001',
      '1'.repeat(400),
      `0.${'1'.repeat(400)}`,
      `1e${'9'.repeat(50)}`,
    ),
  },
)

export const jsonString = fc.oneof(
  { weight: 10, arbitrary: fc.string({ maxLength: 12 }).map(text => JSON.stringify(text)) },
  { weight: 10, arbitrary: fc.string({ maxLength: 12, unit: 'binary' }).map(text => JSON.stringify(text)) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '""',
      '"\\ud800"',
      '"\\udc00\\ud800"',
      '"\\u0000"',
      '"__proto__"',
      '"AAECAw=="',
      '"2024-01-01T00:00:00Z"',
      '"🎛"',
      `"${'x'.repeat(5000)}"`,
    ),
  },
)

/** What JSON is not, though some parsers take it. */
const broken = fc.constantFrom(
  '01',
  '+1',
  '.5',
  '1.',
  '0x10',
  'NaN',
  '-Infinity',
  '-',
  '1e',
  '"\\x41"',
  '"\\u12"',
  '"\u0000"',
  '"\\"',
  "'a'",
  'nul',
  'True',
  '',
  '/**/1',
)

export const jsonLiteral = fc.constantFrom('true', 'false', 'null')

const flat = fc.oneof(jsonNumber, jsonString, jsonLiteral)

/** Brackets as deep as the body's limit allows at most. */
const nested = fc
  .tuple(fc.constantFrom('[', '{"a":', '[[],'), fc.constantFrom(2, 40, 99, 100, 101, 5000), fc.boolean())
  .map(([opening, depth, isClosed]) => {
    const closing = opening.startsWith('{') ? '}' : ']'
    return `${opening.repeat(depth)}1${isClosed ? closing.repeat(depth) : ''}`
  })

/** Any JSON value, and some that are none. */
export const jsonValue: fc.Arbitrary<string> = fc.letrec<{ value: string }>(tie => ({
  value: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'json' },
    { weight: 6, arbitrary: flat },
    { weight: 1, arbitrary: broken },
    { weight: 1, arbitrary: nested },
    { weight: 2, arbitrary: fc.array(tie('value'), { maxLength: 5 }).map(jsonArray) },
    {
      weight: 2,
      arbitrary: fc
        .array(fc.tuple(jsonString, tie('value')), { maxLength: 4 })
        .map(members => `{${members.map(member => member.join(':')).join(',')}}`),
    },
  ),
})).value

export function jsonArray(items: readonly string[]): string {
  return `[${items.join(',')}]`
}

/** Mostly what is expected in this place. */
export function mostly(expected: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.oneof({ weight: 60, arbitrary: expected }, { weight: 1, arbitrary: jsonValue })
}

/**
 * An object with each of `members`, now and then without one or with it twice, with few of `optional`, and with a strange one;
 * in any order.
 */
export function jsonObject(
  members: Readonly<Record<string, fc.Arbitrary<string>>>,
  optional: Readonly<Record<string, fc.Arbitrary<string>>> = {},
): fc.Arbitrary<string> {
  const lists = [
    ...Object.entries(members).map(([name, value]) => occurrences(name, value, { once: 100, never: 1 })),
    ...Object.entries(optional).map(([name, value]) => occurrences(name, value, { once: 10, never: 90 })),
  ]
  const strange = fc.oneof(
    { weight: 40, arbitrary: fc.constant<string[]>([]) },
    { weight: 1, arbitrary: fc.tuple(jsonString, jsonValue).map(([name, value]) => [`${name}:${value}`]) },
  )
  return fc
    .tuple(...lists, strange)
    .map(found => found.flat())
    .chain(found => fc.shuffledSubarray(found, { minLength: found.length }))
    .map(found => `{${found.join(',')}}`)
}

/** A member as often as it stands in one object: `once` to `never` as the weights say, and rarely twice. */
function occurrences(
  name: string,
  value: fc.Arbitrary<string>,
  weights: { readonly once: number; readonly never: number },
): fc.Arbitrary<string[]> {
  const member = mostly(value).map(text => `${JSON.stringify(name)}:${text}`)
  return fc.oneof(
    { weight: weights.once, arbitrary: member.map(text => [text]) },
    { weight: weights.never, arbitrary: fc.constant<string[]>([]) },
    { weight: 1, arbitrary: fc.array(member, { minLength: 2, maxLength: 2 }) },
  )
}
