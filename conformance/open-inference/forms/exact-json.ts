/** Parts of the language (ECMAScript "JSON.parse source text access") that the compiler's library lacks. */
const json = JSON as unknown as {
  rawJSON(text: string): unknown
  parse(text: string, revive: (key: string, value: unknown, context: { source?: string }) => unknown): unknown
}

/** JSON text with integers of any size; NaN becomes null, as the protocol's dialects have it. */
export function writeJson(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) => {
    if (typeof member === 'bigint') return json.rawJSON(String(member))
    // `JSON.stringify` has one zero only.
    return Object.is(member, -0) ? json.rawJSON('-0.0') : member
  })
}

/** Reads integers that a double cannot hold as bigints. */
export function readJson(text: string): unknown {
  return json.parse(text, (_, value, { source = '' }) =>
    typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(source)
      ? BigInt(source)
      : value,
  )
}
