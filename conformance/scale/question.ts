import type { Random } from '../fuzz/inputs/random.ts'
import type { Reply } from './ask.ts'
import { seedOf, WEIGHT_COUNT, weightOf } from './scale-weights.ts'

/** A request to a `ScaleModel`, and what it has to be answered. */
export interface Question {
  readonly model: string
  readonly path: string
  readonly body: string
  readonly weight: number
}

export function questionTo(model: string, random: Random): Question {
  const place = random.below(WEIGHT_COUNT)
  const inputs = [{ name: 'place', shape: [1], datatype: 'INT32', data: [place] }]
  return {
    model,
    path: `/v2/models/${model}/infer`,
    body: JSON.stringify({ inputs }),
    weight: weightOf(seedOf(model), place),
  }
}

/** `refused` is an overload that says when to come back, as documented; a text says what is wrong. */
export function verdictOn(
  { model, weight }: Question,
  { status, text, retryAfter }: Reply,
): 'right' | 'refused' | { readonly wrong: string } {
  if (status === 503 || status === 429) {
    if (retryAfter !== undefined) return 'refused'
    return { wrong: `${model} was refused without a hint when to come back: ${text}` }
  }
  if (status !== 200) return { wrong: `${model} answered ${status}: ${text}` }
  const answer = JSON.parse(text) as {
    readonly model_name?: string
    readonly outputs?: readonly { readonly data: readonly number[] }[]
  }
  if (answer.model_name !== model)
    return { wrong: `${model} was asked, and ${answer.model_name} says that it answers` }
  const said = answer.outputs?.[0]?.data[0]
  if (said === weight) return 'right'
  return { wrong: `${model} answered ${said}, not ${weight}` }
}
