import assert from 'node:assert/strict'
import type { Answer } from './manager-calls.ts'

/** Why the manager has refused a call. Rejects if it was answered in another way, or in another form. */
export async function refused(answer: Promise<Answer>, status = 400): Promise<string> {
  const { status: got, json, text } = await answer
  assert.equal(got, status, text)
  const { message, error } = json as { readonly message: string; readonly error: string }
  assert.equal(error, status === 404 ? 'NotFound' : 'InvalidRequest', text)
  return message
}
