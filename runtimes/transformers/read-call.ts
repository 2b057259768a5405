import {
  decodeRequest,
  type InferenceRequest,
  keywordCodec,
  ServingError,
  type TensorSpec,
} from '@millrace/sdk'
import { asImages, readImages } from './image-items.ts'
import { isTexts, readOption } from './option-kinds.ts'
import type { Task } from './tasks.ts'
import { readTexts } from './text-items.ts'
import type { TransformersSettings } from './transformers-settings.ts'

/** What a pipeline is asked, read from a request. */
export interface PipelineCall {
  /** Texts, conversations or pictures. */
  readonly items: readonly unknown[]
  /** Whether the pipeline gets one item itself, and not a list of one: its answer differs. */
  readonly isSingle: boolean
  /** One for each item, if the task has such a second argument (contexts). */
  readonly pairs: readonly string[] | undefined
  /** One for all items, if the task has such a second argument (labels). */
  readonly shared: readonly string[] | undefined
  readonly options: Readonly<Record<string, unknown>>
  /** Whether the answer is to be plain text: the request uses the generate extension's word `text_input`. */
  readonly wantsText: boolean
}

export interface CallLimits
  extends Pick<TransformersSettings, 'maxItems' | 'maxTextCharacters' | 'maxImagePixels'> {
  /** Whether several requests may come as one, their inputs behind each other. */
  readonly isJoined: boolean
}

/** The generate extension's name for a text. */
export const TEXT_INPUT = 'text_input'
const ARGS = 'args'
const LIST = 'array_inputs'

/** What protocols and clients say besides. */
const NOT_FOR_MODELS =
  /^(?:content_type|headers|binary_data_output|priority|timeout|sequence_(?:id|start|end))$/

/**
 * Reads a request as MLServer does: inputs are the pipeline's arguments by name, `args` the first ones in their order,
 * `array_inputs` a list for the first. Options may be inputs, or parameters of the request.
 * @throws ServingError INVALID_ARGUMENT naming the input or option, and what is allowed
 */
export function readCall(
  request: InferenceRequest,
  task: Task,
  declared: readonly TensorSpec[],
  limits: CallLimits,
): PipelineCall {
  const given = new Map(Object.entries(valuesOf(request, task, declared)))
  const [firstNames = [], secondNames] = task.positions
  const args = given.get(ARGS)
  // A list for the first argument leaves the others to `args`.
  const areOthers = secondNames !== undefined && given.has(LIST) && given.delete(ARGS)
  const named = take(given, [ARGS, LIST, ...firstNames])
  if (named === undefined)
    throw invalid(`there is no input '${ARGS}', '${LIST}' or '${firstNames.join("', '")}'`)
  let second = secondNames === undefined ? undefined : take(given, secondNames)
  if (areOthers && second === undefined) second = { name: ARGS, value: args }
  let first = named.value
  if (
    secondNames !== undefined &&
    second === undefined &&
    named.name === ARGS &&
    isTexts(args) &&
    args.length > 1
  ) {
    // By place, as `pipeline(question, context)`.
    first = args[0]
    second = { name: ARGS, value: args.length === 2 ? args[1] : args.slice(1) }
  }
  const { items, isSingle } = readItems(first, named.name, task, limits)
  checkCount(items.length, named.name, limits.maxItems)
  const options = readOptions(given, request, task, limits)
  const rest = { items, isSingle, options, wantsText: named.name === TEXT_INPUT }
  if (secondNames === undefined) return { ...rest, pairs: undefined, shared: undefined }
  if (second === undefined) throw invalid(`there is no input '${secondNames[0]}', which ${task.name} needs`)
  const texts = readTexts(second.value, second.name, limits.maxTextCharacters).items
  if (!isTexts(texts)) throw invalid(`input '${second.name}' holds no texts`)
  if (!task.isSecondShared) {
    return { ...rest, pairs: pairsFor(items.length, texts, second.name, named.name), shared: undefined }
  }
  const labels = texts.length === 1 ? texts[0]!.split(',').map(label => label.trim()) : texts
  checkCount(labels.length, second.name, limits.maxItems)
  if (labels.includes('')) throw invalid(`input '${second.name}' has an empty label`)
  return { ...rest, pairs: undefined, shared: labels }
}

/**
 * @param owner how the message calls what has it
 * @throws ServingError INVALID_ARGUMENT for one that is not of whole requests of this kind
 */
export function checkContentType(contentType: unknown, owner: string): void {
  // `str` is what MLServer's own clients of such models say.
  if (contentType === undefined || contentType === 'hf' || contentType === 'str') return
  throw invalid(`${owner} is ${JSON.stringify(contentType)}; allowed are 'hf' and 'str'`)
}

function valuesOf(
  { inputs, parameters }: InferenceRequest,
  task: Task,
  declared: readonly TensorSpec[],
): Readonly<Record<string, unknown>> {
  checkContentType(parameters?.['content_type'], 'the content type of the request')
  const pictures = task.input === 'image' ? [ARGS, LIST, ...task.positions[0]!] : []
  const read = inputs.map(tensor => (pictures.includes(tensor.name) ? asImages(tensor) : tensor))
  return decodeRequest({ inputs: read }, { inputs: declared }, keywordCodec)
}

interface NamedValue {
  readonly name: string
  readonly value: unknown
}

/** The one of these inputs that is there; it is removed. */
function take(given: Map<string, unknown>, names: readonly string[]): NamedValue | undefined {
  const present = names.filter(name => given.has(name))
  const [name] = present
  if (name === undefined) return undefined
  if (present.length > 1) throw invalid(`inputs '${present.join("' and '")}' are the same argument; give one`)
  const value = given.get(name)
  given.delete(name)
  return { name, value }
}

function readItems(
  value: unknown,
  name: string,
  task: Task,
  limits: CallLimits,
): { readonly items: readonly unknown[]; readonly isSingle: boolean } {
  // Joined requests, and those of one item, must be answered alike.
  const isOne = (count: number): boolean => count === 1 && !limits.isJoined
  if (task.input === 'image') {
    const items = readImages(value, name, limits.maxImagePixels)
    return { items, isSingle: name === ARGS && isOne(items.length) }
  }
  const { items, isSingle } = readTexts(value, name, limits.maxTextCharacters)
  if (!task.isStreaming || task.name !== 'text-generation') {
    const index = items.findIndex(item => typeof item !== 'string')
    if (index !== -1)
      throw invalid(`input '${name}', element ${index} is a conversation, which ${task.name} does not read`)
  }
  return { items, isSingle: (isSingle || name === ARGS) && isOne(items.length) }
}

function pairsFor(count: number, texts: readonly string[], name: string, first: string): readonly string[] {
  if (texts.length === count) return texts
  if (texts.length === 1) return Array.from({ length: count }, () => texts[0]!)
  throw invalid(
    `input '${name}' has ${texts.length} elements and '${first}' ${count}; they must be as many, or one`,
  )
}

function readOptions(
  given: ReadonlyMap<string, unknown>,
  { parameters = {} }: InferenceRequest,
  task: Task,
  { isJoined }: CallLimits,
): Readonly<Record<string, unknown>> {
  const options: Record<string, unknown> = {}
  const said = Object.entries(parameters).filter(([name]) => !NOT_FOR_MODELS.test(name))
  for (const [name, value] of [...said, ...given]) {
    const kind = Object.hasOwn(task.options, name) ? task.options[name] : undefined
    if (kind === undefined) {
      const allowed = Object.keys(task.options).join(', ') || 'none'
      throw invalid(`'${name}' is neither an argument nor an option of ${task.name}; options are ${allowed}`)
    }
    if (Object.hasOwn(options, name)) throw invalid(`'${name}' is given twice`)
    if (kind === 'texts' && isJoined && given.has(name) && Array.isArray(value) && value.length > 1)
      throw invalid(`'${name}' must be a parameter of the request where requests are joined (max_batch_size)`)
    const read = readOption(name, value, kind)
    if (kind !== 'ignored') options[name] = read
  }
  return options
}

function checkCount(count: number, name: string, most: number): void {
  if (count === 0) throw invalid(`input '${name}' is empty`)
  if (count > most)
    throw invalid(`input '${name}' has ${count} elements; at most ${most} are allowed (max_items)`)
}

function invalid(message: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', message)
}
