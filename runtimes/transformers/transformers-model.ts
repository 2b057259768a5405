import { env } from 'node:process'
import {
  type EncodedImage,
  type InferenceRequest,
  type LoadContext,
  Model,
  type ModelResponse,
  type RecordValue,
  type RequestContext,
  ServingError,
} from '@millrace/sdk'
import { answersTensor, plain, textIn, textsTensor } from './answer.ts'
import { boundedOptions, createStop, streamText } from './generation.ts'
import { decodeImage } from './image-items.ts'
import { runError } from './library-errors.ts'
import { type LoadedPipeline, loadPipeline } from './load-pipeline.ts'
import { inputsOf, OUTPUTS } from './metadata.ts'
import { checkContentType, type PipelineCall, readCall } from './read-call.ts'
import { assertFits, type TextItem } from './text-items.ts'
import { readSettings, type TransformersSettings } from './transformers-settings.ts'

/** What there is once the model has been loaded. */
interface Loaded {
  readonly pipeline: LoadedPipeline
  readonly settings: TransformersSettings
  readonly batchSize: number
  /** Counts the tokens that a request has made. */
  readonly countTokens: RecordValue
}

/**
 * Serves a folder of a transformers model: `config.json`, `tokenizer.json` or `preprocessor_config.json`, and ONNX files.
 *
 * `parameters.uri` names the folder; `parameters.extra` holds MLServer's settings for such models and those of this
 * package's README. Requests are MLServer's too: inputs are the arguments of the task's pipeline, and the output
 * `output` has a JSON text for each answer. Models that make text stream it.
 *
 * Every run is a synchronous call into ONNX Runtime. Between two tokens, and between two batches of one request, other
 * work goes on, and a request whose client is gone ends.
 */
export class TransformersModel extends Model {
  #loaded: Loaded | undefined

  /**
   * @throws ServingError INVALID_ARGUMENT for a wrong setting, and FAILED_PRECONDITION for a folder that is missing,
   * incomplete, damaged, or holds a model that is not served.
   */
  override async load({ log, metrics, signal }: LoadContext): Promise<void> {
    const settings = readSettings(this.settings.extra, env)
    checkContentType(this.settings.contentType, 'parameters.content_type')
    for (const warning of settings.warnings) log.warn(warning)
    const pipeline = await loadPipeline(this.settings, settings, signal)
    const { task, taskReason } = pipeline
    const batchSize = Math.max(1, this.settings.maxBatchSize ?? 0)
    if (signal.aborted) {
      await pipeline.model.dispose()
      signal.throwIfAborted()
    }
    if (task.isSecondShared && batchSize > 1) {
      await pipeline.model.dispose()
      throw new ServingError(
        'FAILED_PRECONDITION',
        `max_batch_size is ${batchSize}: requests of ${task.name} have labels of their own and cannot be joined; set it to 0`,
      )
    }
    if (taskReason !== undefined) log.info(`the task is ${task.name}, because ${taskReason}`)
    const isDeclared = this.settings.inputs.length > 0 || this.settings.outputs.length > 0
    if (!isDeclared) {
      this.inputs = inputsOf(task)
      this.outputs = OUTPUTS
    }
    const countTokens = metrics.counter('generated_tokens_total', 'Tokens that were made, also for nothing')
    this.#loaded = { pipeline, settings, batchSize, countTokens }
  }

  /**
   * Answers all items of a request, as many at a time as `max_batch_size` says.
   * @throws ServingError INVALID_ARGUMENT when the request does not suit the pipeline; INTERNAL when the pipeline
   * fails for another reason, which is then the `cause`; the signal's reason when the request is over
   */
  override async predict(request: InferenceRequest, context: RequestContext): Promise<ModelResponse> {
    const loaded = this.#get()
    const call = this.#read(request, loaded)
    const answers = await answerAll(call, loaded, context)
    const output = call.wantsText ? textsTensor(answers.map(textIn)) : answersTensor(answers)
    return { outputs: [output] }
  }

  /** Answers with pieces of text where the task makes some, and else with one answer for each request. */
  override async *predictStream(
    requests: AsyncIterable<InferenceRequest>,
    context: RequestContext,
  ): AsyncIterable<ModelResponse> {
    const loaded = this.#get()
    const { pipeline, settings } = loaded
    for await (const request of requests) {
      if (!pipeline.task.isStreaming) {
        yield await this.predict(request, context)
        continue
      }
      const call = this.#read(request, loaded)
      const [item] = call.items
      if (call.items.length > 1) {
        throw new ServingError(
          'INVALID_ARGUMENT',
          `a stream is of one text, ${call.items.length} were given; send a request for each`,
        )
      }
      const options = boundedOptions(call.options, settings)
      if (options['return_full_text'] === true) yield { outputs: [textsTensor([String(item)])] }
      const { signal } = context
      signal.throwIfAborted()
      const stop = createStop(pipeline, settings, signal)
      try {
        for await (const piece of streamText(pipeline, item, options, stop, signal))
          yield { outputs: [textsTensor([piece])] }
      } finally {
        loaded.countTokens(stop.tokens)
      }
    }
  }

  /** Frees the model's memory. Does nothing when no model is loaded. */
  override async unload(): Promise<void> {
    const loaded = this.#loaded
    this.#loaded = undefined
    await loaded?.pipeline.model.dispose()
  }

  #get(): Loaded {
    if (this.#loaded !== undefined) return this.#loaded
    throw new ServingError('UNAVAILABLE', `Model ${this.settings.name} is not loaded`)
  }

  #read(request: InferenceRequest, { pipeline, settings, batchSize }: Loaded): PipelineCall {
    const { task, tokenizer } = pipeline
    const call = readCall(request, task, this.inputs, { ...settings, isJoined: batchSize > 1 })
    if (!settings.isTruncating && task.input === 'text') {
      for (const [index, item] of call.items.entries())
        assertFits(tokenizer!, item as TextItem, call.pairs?.[index] ?? null)
    }
    return call
  }
}

async function answerAll(
  call: PipelineCall,
  { pipeline, settings, batchSize, countTokens }: Loaded,
  context: RequestContext,
): Promise<readonly unknown[]> {
  const { task } = pipeline
  const { items } = call
  const size = isAlone(call, pipeline) ? 1 : batchSize
  const answers: unknown[] = []
  for (let start = 0; start < items.length; start += size) {
    if (!task.isGenerating) {
      // Asked for only where something can be done about it.
      if (items.length > size) context.signal.throwIfAborted()
      answers.push(...(await answerSome(call, pipeline, start, start + size, call.options)))
      continue
    }
    const { signal } = context
    signal.throwIfAborted()
    const stop = createStop(pipeline, settings, signal)
    try {
      const options = { ...boundedOptions(call.options, settings), stopping_criteria: stop }
      answers.push(...(await answerSome(call, pipeline, start, start + size, options)))
    } finally {
      countTokens(stop.tokens)
    }
    signal.throwIfAborted()
  }
  return answers
}

/** The answers to some items; one item by itself may have any number of them. */
async function answerSome(
  { items, isSingle, pairs, shared }: PipelineCall,
  pipeline: LoadedPipeline,
  start: number,
  end: number,
  options: Readonly<Record<string, unknown>>,
): Promise<readonly unknown[]> {
  const some = items.slice(start, end)
  const list =
    pipeline.task.input === 'image'
      ? await Promise.all(some.map(item => decodeImage(item as EncodedImage)))
      : some
  const second = shared ?? pairs?.slice(start, end)
  const arranged = isSingle
    ? [list[0], ...(second === undefined ? [] : [shared ?? second[0]])]
    : [list, second]
  const given = arranged.filter(value => value !== undefined)
  const answer = await pipeline.run(...given, options).then(plain, error => {
    throw runError(error)
  })
  const answers = Array.isArray(answer) ? (answer as readonly unknown[]) : undefined
  if (isSingle) return answers ?? [answer]
  if (answers?.length === list.length) return answers
  if (list.length === 1) return [answer]
  throw new ServingError('INTERNAL', `the pipeline did not answer each of ${list.length} items`)
}

/**
 * Whether items are answered one after the other, though they could go together: where a shorter one would be answered
 * with what fills it up to the longest, or made longer than by itself.
 */
function isAlone({ options }: PipelineCall, { task }: LoadedPipeline): boolean {
  if (task.isGenerating || task.isOneByOne) return true
  const pooling = options['pooling'] ?? 'none'
  const isSafe = ['mean', 'cls', 'first_token'].some(name => name === pooling)
  return task.name === 'feature-extraction' && !isSafe
}
