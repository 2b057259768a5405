import { TextStreamer } from '@huggingface/transformers'
import { ServingError } from '@millrace/sdk'
import { runError } from './library-errors.ts'
import type { LoadedPipeline } from './load-pipeline.ts'
import { Stop } from './stop.ts'
import { positionsOf } from './tokenizer.ts'
import type { TransformersSettings } from './transformers-settings.ts'

type Options = Readonly<Record<string, unknown>>

/** As many as the library makes unless told otherwise. */
const DEFAULT_NEW_TOKENS = 256
/** Whatever a model's own configuration says: the library cannot search beams, and would make room for as many as it names. */
const FIXED = { num_beams: 1, num_return_sequences: 1, return_dict_in_generate: false } as const
const COUNTS = ['max_new_tokens', 'max_length', 'min_new_tokens', 'min_length'] as const

/**
 * A request's options with the default number of new tokens.
 * @throws ServingError INVALID_ARGUMENT for more tokens than the settings allow
 */
export function boundedOptions(options: Options, { maxNewTokens }: TransformersSettings): Options {
  for (const name of COUNTS) {
    const count = options[name]
    if (typeof count !== 'number' || count <= maxNewTokens) continue
    throw new ServingError(
      'INVALID_ARGUMENT',
      `'${name}' is ${count}; at most ${maxNewTokens} are allowed (max_new_tokens_limit)`,
    )
  }
  if (options['max_new_tokens'] !== undefined) return { ...FIXED, ...options }
  // A number of new tokens, also a default one, would go before the length that is asked for.
  if (options['max_length'] !== undefined) return { ...FIXED, ...options, max_new_tokens: null }
  return { ...FIXED, ...options, max_new_tokens: Math.min(DEFAULT_NEW_TOKENS, maxNewTokens) }
}

/** What ends the generation for one request. */
export function createStop(
  { config }: LoadedPipeline,
  { maxNewTokens }: TransformersSettings,
  signal: AbortSignal,
): Stop {
  return new Stop(signal, maxNewTokens, positionsOf(config))
}

/**
 * The text that a pipeline makes of one item, in pieces as they come. What was asked is not among them.
 *
 * It ends between two tokens when the signal is aborted or nobody reads on. What has not been read is bounded by the
 * number of tokens.
 * @throws the signal's reason, or what the pipeline failed with
 */
export async function* streamText(
  pipeline: LoadedPipeline,
  item: unknown,
  options: Options,
  stop: Stop,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const pieces: string[] = []
  let isOver = false
  let failure: unknown
  let wake: (() => void) | undefined
  const streamer = new TextStreamer(pipeline.tokenizer!, {
    skip_prompt: true,
    callback_function: (piece: string) => {
      pieces.push(piece)
      wake?.()
    },
  })
  const finished = pipeline
    .run(item, { ...options, streamer, stopping_criteria: stop })
    .catch((error: unknown) => {
      failure = error
    })
    .then(() => {
      isOver = true
      wake?.()
    })
  try {
    for (;;) {
      const piece = pieces.shift()
      if (piece !== undefined) {
        yield piece
        continue
      }
      if (isOver) break
      const { promise, resolve } = Promise.withResolvers<void>()
      wake = resolve
      await promise
    }
    signal.throwIfAborted()
    if (failure !== undefined) throw runError(failure)
  } finally {
    stop.stop()
    await finished
  }
}
