import { homedir } from 'node:os'
import { join } from 'node:path'
import { invalid, readFields } from './setting-fields.ts'

export interface TransformersSettings {
  /** With its suffix; undefined if the model's configuration is to tell. */
  readonly task: string | undefined
  /** A folder, or the name of a model on the hub; undefined for `parameters.uri`. */
  readonly model: string | undefined
  readonly tokenizer: string | undefined
  readonly device: string
  readonly dtype: string
  /** Of the ONNX files; undefined: `onnx` if it is there, else the folder itself. */
  readonly subfolder: string | undefined
  readonly modelFileName: string | undefined
  readonly allowsRemote: boolean
  readonly revision: string
  readonly cacheFolder: string
  readonly intraOpThreads: number
  readonly interOpThreads: number
  /** Whether texts beyond the model's length are cut, or refused. */
  readonly isTruncating: boolean
  readonly maxNewTokens: number
  readonly maxItems: number
  readonly maxTextCharacters: number
  readonly maxImagePixels: number
  /** What is set and has no effect, one text for each. */
  readonly warnings: readonly string[]
}

const MOST_THREADS = 1024
const MOST = 2 ** 31 - 1

/** Precisions by the ending of their file: `model_fp16.onnx`. */
const DTYPES = [
  'fp32',
  'fp16',
  'q8',
  'int8',
  'uint8',
  'q4',
  'q4f16',
  'bnb4',
  'q2',
  'q2f16',
  'q1',
  'q1f16',
] as const

const DEVICES = ['cpu', 'cuda', 'dml', 'coreml', 'webgpu'] as const
const KEYWORDS: Readonly<Record<string, string>> = {
  subfolder: 'subfolder',
  file_name: 'model_file_name',
  revision: 'revision',
  dtype: 'dtype',
}

/**
 * The settings of a model, from `parameters.extra` and the environment, with every default.
 * @throws ServingError INVALID_ARGUMENT naming the field, its value and what is allowed
 */
export function readSettings(
  extra: Readonly<Record<string, unknown>>,
  environment: Readonly<Record<string, string | undefined>>,
): TransformersSettings {
  const { values, warnings: unitWarnings } = readFields(extra, environment)
  const warnings = [...unitWarnings]
  const originOf = (name: string): string => values.get(name)?.origin ?? `parameters.extra.${name}`
  const keywords = (values.get('model_kwargs')?.value ?? {}) as Readonly<Record<string, unknown>>
  for (const name of Object.keys(keywords)) {
    if (!Object.hasOwn(KEYWORDS, name))
      warnings.push(
        `${originOf('model_kwargs')} has '${name}', which has no effect; ${Object.keys(KEYWORDS).join(', ')} have`,
      )
  }
  const get = (name: string): unknown => {
    const set = values.get(name)?.value
    const keyword = Object.keys(KEYWORDS).find(key => KEYWORDS[key] === name)
    return set ?? (keyword === undefined ? undefined : keywords[keyword])
  }
  const text = (name: string): string | undefined => {
    const value = get(name)
    if (value !== undefined && typeof value !== 'string') throw invalid(originOf(name), value, 'a text')
    // An empty text is MLServer's default for "not set".
    return value === undefined || value === '' ? undefined : value
  }
  const flag = (name: string, otherwise: boolean): boolean => (get(name) as boolean | undefined) ?? otherwise
  const whole = (name: string, otherwise: number, least: number, most: number): number => {
    const value = (get(name) as number | undefined) ?? otherwise
    if (value < least || value > most)
      throw invalid(originOf(name), value, `a whole number from ${least} to ${most}`)
    return value
  }
  const fileName = (name: string): string | undefined => {
    const value = text(name)
    if (value === undefined || isPlainName(value)) return value
    throw invalid(originOf(name), value, 'a name within the model folder, without .. and not absolute')
  }

  const dtype = text('dtype') ?? 'fp32'
  if (!DTYPES.some(known => known === dtype))
    throw invalid(originOf('dtype'), dtype, `one of ${DTYPES.join(', ')}`)
  const framework = text('framework')
  if (framework !== undefined)
    warnings.push(`${originOf('framework')} is '${framework}', which has no effect: models are ONNX files`)
  if (get('optimum_model') === false)
    warnings.push(`${originOf('optimum_model')} is false, which has no effect: models are ONNX files`)
  const allowsRemote = flag('allow_remote', false)
  if (!allowsRemote) {
    for (const name of ['revision', 'cache_dir']) {
      if (get(name) !== undefined)
        warnings.push(`${originOf(name)} has no effect: it is for the model hub, and allow_remote is false`)
    }
  }
  const task = text('task')
  const suffix = text('task_suffix') ?? ''
  if (suffix !== '' && task !== 'translation')
    warnings.push(
      `${originOf('task_suffix')} is '${suffix}', which has no effect on any task but translation`,
    )

  return {
    task: task === 'translation' ? task + suffix : task,
    model: text('pretrained_model'),
    tokenizer: text('pretrained_tokenizer'),
    device: device(values.get('device')?.value, originOf('device')),
    dtype,
    subfolder: fileName('subfolder'),
    modelFileName: fileName('model_file_name'),
    allowsRemote,
    revision: text('revision') ?? 'main',
    cacheFolder: text('cache_dir') ?? join(homedir(), '.cache', 'millrace', 'transformers'),
    intraOpThreads: whole('intra_op_threads', 1, 0, MOST_THREADS),
    interOpThreads: whole('inter_op_threads', 1, 0, MOST_THREADS),
    isTruncating: flag('truncation', true),
    maxNewTokens: whole('max_new_tokens_limit', 1024, 1, MOST),
    maxItems: whole('max_items', 256, 1, MOST),
    maxTextCharacters: whole('max_text_characters', 1_000_000, 1, MOST),
    maxImagePixels: whole('max_image_pixels', 50_000_000, 1, MOST),
    warnings,
  }
}

/** Numbers are those of Python's library: -1 is the processor, 0 the first graphics card. */
function device(value: unknown, origin: string): string {
  if (value === undefined || value === -1 || value === '') return 'cpu'
  if (value === 0 || value === 'cuda:0') return 'cuda'
  const known = DEVICES.find(name => name === value)
  if (known !== undefined) return known
  throw invalid(origin, value, `-1, 0, "cuda:0" or one of ${DEVICES.join(', ')}`)
}

function isPlainName(name: string): boolean {
  return /^[\w.-]+(?:\/[\w.-]+)*$/.test(name) && !name.split('/').some(part => part === '..' || part === '.')
}
