import type { Refusal } from './form.ts'
import { bodyOf, readRefusal } from './rest.ts'

/** What a route of REST answered: its JSON, or its refusal held against what errors promise. */
export interface RestReply {
  readonly status: number
  readonly headers: Headers
  /** `undefined` for an empty body, and for a refusal. */
  readonly json: unknown
  readonly refusal: Refusal | undefined
}

/** @param body sent as JSON; text as it is */
export async function callRest(url: URL, method: 'GET' | 'POST', body?: object | string): Promise<RestReply> {
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
  const response = await fetch(url, method === 'GET' ? {} : { method, body: text ?? null })
  const bytes = await bodyOf(response)
  const { status, headers } = response
  if (!response.ok && bytes.length > 0)
    return { status, headers, json: undefined, refusal: readRefusal(response, bytes) }
  return {
    status,
    headers,
    json: bytes.length === 0 ? undefined : JSON.parse(bytes.toString()),
    refusal: undefined,
  }
}
