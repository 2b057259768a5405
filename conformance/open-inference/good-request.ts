import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import type { Form } from './forms/form.ts'
import { tensor, text } from './scenarios/scenario.ts'
import type { Target } from './target.ts'

/** Holds the server to a good request: no bad one may cost the next one anything. */
export async function answersStill(form: Form): Promise<void> {
  const numbers = tensor('numbers', 'INT32', [2], [20, 22])
  const outcome = await form.ask({ model: 'contract', id: 'still', inputs: [numbers] })
  assert.ok('answer' in outcome, `a good request is refused afterwards: ${inspect(outcome)}`)
  assert.deepEqual(outcome.answer.outputs[0]?.data, [42n])
}

/** The same in every form. */
export async function answersStillInEveryForm({ forms }: Target): Promise<void> {
  for (const form of forms) await answersStill(form)
}

/** Waits until something has happened to a call of a model that is watched under `key`. */
export async function observed(
  { forms: [form] }: Target,
  key: string,
  event: 'entered' | 'aborted' | 'closed',
): Promise<string> {
  const outcome = await form!.ask({ model: 'observer', inputs: [text('key', key), text('event', event)] })
  assert.ok('answer' in outcome, inspect(outcome))
  return outcome.answer.outputs[0]!.data[0] as string
}
