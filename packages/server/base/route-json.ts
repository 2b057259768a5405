import { ServingError } from '@millrace/sdk'

/** Part of the language (ECMAScript "JSON.parse source text access"), not yet of the compiler's library. */
const rawJson = JSON as unknown as { rawJSON(text: string): unknown }

/**
 * What a model's route answers, as JSON; a bigint as its digits.
 * @throws ServingError INTERNAL for a function, a symbol and the like; TypeError for what contains itself
 */
export function routeJson(value: unknown): string {
  const text: string | undefined = JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'bigint' ? rawJson.rawJSON(String(part)) : part,
  )
  if (text === undefined)
    throw new ServingError('INTERNAL', 'a route answered json that JSON has no word for')
  return text
}
