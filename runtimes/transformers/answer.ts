import { Tensor as LibraryTensor } from '@huggingface/transformers'
import { hgJsonListCodec, ServingError, type Tensor, textCodec } from '@millrace/sdk'

/** The name of the only output, which MLServer's clients look for. */
export const OUTPUT = 'output'

const TEXTS = ['generated_text', 'summary_text', 'translation_text'] as const

/** What a pipeline answered, as plain lists and objects. */
export function plain(answer: unknown): unknown {
  return answer instanceof LibraryTensor ? (answer.tolist() as unknown) : answer
}

/** `hg_jsonlist`: a JSON text for each answer. */
export function answersTensor(answers: readonly unknown[]): Tensor {
  return hgJsonListCodec.encode(OUTPUT, answers)
}

/** `str`: the text of each answer. */
export function textsTensor(texts: readonly string[]): Tensor {
  return textCodec.encode(OUTPUT, texts)
}

/** The text in an answer of a pipeline that makes some; of a conversation what was said last. */
export function textIn(answer: unknown): string {
  const first: unknown = Array.isArray(answer) ? answer[0] : answer
  const object = (first ?? {}) as Readonly<Record<string, unknown>>
  const text = TEXTS.map(name => object[name]).find(value => value !== undefined)
  const said: unknown = Array.isArray(text)
    ? (text.at(-1) as { content?: unknown } | undefined)?.content
    : text
  if (typeof said === 'string') return said
  throw new ServingError('INTERNAL', 'the pipeline answered without a text')
}
