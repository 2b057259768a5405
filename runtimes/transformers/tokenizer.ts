import * as library from '@huggingface/transformers'
import { ServingError } from '@millrace/sdk'
import { hasFile, type JsonObject, readJsonFile } from './model-folder.ts'

type TokenizerClass = new (tokenizer: object, config: object) => library.PreTrainedTokenizer

/** Where a model's configuration has the length of its positions. */
const LENGTHS = ['max_position_embeddings', 'n_positions', 'n_ctx', 'max_sequence_length']

/**
 * Loads a tokenizer from a folder; without `tokenizer_config.json` it is a plain one. (The library itself remembers
 * for good which of these files a folder had the first time.)
 *
 * Where the tokenizer knows no length, or a longer one than the model has positions, the model's counts.
 * @throws ServingError FAILED_PRECONDITION naming the folder
 */
export async function loadTokenizer(
  folder: string,
  config: JsonObject,
): Promise<library.PreTrainedTokenizer> {
  const content = await readJsonFile(folder, 'tokenizer.json')
  const settings = (await hasFile(folder, 'tokenizer_config.json'))
    ? await readJsonFile(folder, 'tokenizer_config.json')
    : {}
  const positions = positionsOf(config)
  const own = settings['model_max_length']
  const length = Math.min(typeof own === 'number' ? own : Number.POSITIVE_INFINITY, positions)
  const limited = Number.isFinite(length) ? { ...settings, model_max_length: length } : settings
  try {
    return new (classOf(settings['tokenizer_class']))(content, limited)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new ServingError(
      'FAILED_PRECONDITION',
      `'${folder}' has a tokenizer.json that cannot be used: ${reason.slice(0, 300)}`,
      { cause },
    )
  }
}

/** How many tokens a model can tell the places of; Infinity if it does not say. */
export function positionsOf(config: JsonObject): number {
  const positions = LENGTHS.map(name => config[name]).find(value => typeof value === 'number' && value > 0)
  return typeof positions === 'number' ? positions : Number.POSITIVE_INFINITY
}

/** The class of this name if the library has it, else the one that all are made of. */
function classOf(name: unknown): TokenizerClass {
  const plain = typeof name === 'string' ? name.replace(/Fast$/, '') : ''
  const found: unknown = Object.hasOwn(library, plain) ? Reflect.get(library, plain) : undefined
  const { PreTrainedTokenizer } = library
  const isTokenizer = typeof found === 'function' && found.prototype instanceof PreTrainedTokenizer
  return (isTokenizer ? found : PreTrainedTokenizer) as unknown as TokenizerClass
}
