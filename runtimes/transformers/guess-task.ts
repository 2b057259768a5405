import { ServingError } from '@millrace/sdk'
import type { JsonObject } from './model-folder.ts'
import { TASKS } from './tasks.ts'

export interface GuessedTask {
  readonly task: string
  /** What it follows from, for the log. */
  readonly reason: string
}

/** Tasks by how the name of an architecture ends, first to last. */
const ENDINGS: readonly (readonly [ending: RegExp, task: string])[] = [
  [/ForSequenceClassification$/, 'text-classification'],
  [/ForTokenClassification$/, 'token-classification'],
  [/ForQuestionAnswering$/, 'question-answering'],
  [/ForMaskedLM$/, 'fill-mask'],
  [/^MarianMTModel$/, 'translation'],
  [/(?:ForCausalLM|LMHeadModel)$/, 'text-generation'],
  [
    /^(?:MT5|T5|LongT5|Bart|MBart|Blenderbot|BlenderbotSmall|M2M100)ForConditionalGeneration$/,
    'text2text-generation',
  ],
  [/ForImageClassification$/, 'image-classification'],
  [/ForObjectDetection$/, 'object-detection'],
  [/^VisionEncoderDecoderModel$/, 'image-to-text'],
]

/**
 * The task that a model was made for, by the architectures in its configuration.
 * @param isOfImages whether the folder has a description of how pictures are prepared, and no tokenizer
 * @throws ServingError FAILED_PRECONDITION if nothing shows it, listing what may be set
 */
export function guessTask(config: JsonObject, isOfImages: boolean): GuessedTask {
  const architectures: unknown = config['architectures']
  const list = Array.isArray(architectures) ? (architectures as readonly unknown[]) : []
  for (const architecture of list) {
    if (typeof architecture !== 'string') continue
    const task =
      ENDINGS.find(([ending]) => ending.test(architecture))?.[1] ?? featuresOf(architecture, isOfImages)
    if (task !== undefined) return { task, reason: `config.json names the architecture ${architecture}` }
  }
  const what = list.length === 0 ? 'no architectures' : `the architectures ${JSON.stringify(list)}`
  throw new ServingError(
    'FAILED_PRECONDITION',
    `the task is not set, and config.json has ${what.slice(0, 300)}, which do not tell; set parameters.extra.task to one of ${TASKS.map(({ name }) => name).join(', ')}`,
  )
}

/** A model without a head gives what it has found in its input. */
function featuresOf(architecture: string, isOfImages: boolean): string | undefined {
  if (!/[a-z0-9]Model$/.test(architecture)) return undefined
  return isOfImages ? 'image-feature-extraction' : 'feature-extraction'
}
