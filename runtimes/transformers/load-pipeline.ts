import { stat } from 'node:fs/promises'
import { isAbsolute, join, resolve } from 'node:path'
import {
  AutoConfig,
  AutoProcessor,
  AutoTokenizer,
  type PreTrainedModel,
  type PreTrainedTokenizer,
  PretrainedConfig,
} from '@huggingface/transformers'
import { type ModelSettings, modelFile, ServingError } from '@millrace/sdk'
import { guessTask } from './guess-task.ts'
import { withRemote } from './library.ts'
import { loadError } from './library-errors.ts'
import { findSubfolder, hasFile, type JsonObject, readConfig } from './model-folder.ts'
import { findTask, TASKS, type Task } from './tasks.ts'
import { loadTokenizer } from './tokenizer.ts'
import type { TransformersSettings } from './transformers-settings.ts'

/** A pipeline with its parts. */
export interface LoadedPipeline {
  readonly task: Task
  /** Why it is this task, where nobody has set it. */
  readonly taskReason: string | undefined
  readonly model: PreTrainedModel
  readonly tokenizer: PreTrainedTokenizer | undefined
  readonly config: JsonObject
  run(...values: readonly unknown[]): Promise<unknown>
}

/** Where files come from, and whether they may come from the hub. */
interface Source {
  readonly place: string
  readonly isLocal: boolean
}

/**
 * Loads the pipeline that the settings describe.
 * @param signal ends downloads; what is local is loaded in one go
 * @throws ServingError FAILED_PRECONDITION naming the folder and what is wrong with it
 */
export async function loadPipeline(
  model: ModelSettings,
  settings: TransformersSettings,
  signal: AbortSignal,
): Promise<LoadedPipeline> {
  const source = await findSource(model, settings, settings.model, 'pretrained_model')
  const tokenizerSource =
    settings.tokenizer === undefined
      ? source
      : await findSource(model, settings, settings.tokenizer, 'pretrained_tokenizer')
  const load = () => loadParts(source, tokenizerSource, settings)
  return source.isLocal && tokenizerSource.isLocal ? load() : withRemote(signal, load)
}

async function loadParts(
  source: Source,
  tokenizerSource: Source,
  settings: TransformersSettings,
): Promise<LoadedPipeline> {
  const { place } = source
  const options = fileOptions(source, settings)
  const config = source.isLocal
    ? await readConfig(place)
    : ((await attempt(place, settings, AutoConfig.from_pretrained(place, options))) as unknown as JsonObject)
  const { name, reason } = await chooseTask(source, config, settings)
  const task = findTask(name)
  if (task === undefined) {
    throw new ServingError(
      'FAILED_PRECONDITION',
      `the task '${name}' is not served; served are ${TASKS.map(known => known.name).join(', ')}`,
    )
  }
  const tokenizer = task.needsTokenizer
    ? tokenizerSource.isLocal
      ? await loadTokenizer(tokenizerSource.place, config)
      : await attempt(
          tokenizerSource.place,
          settings,
          AutoTokenizer.from_pretrained(tokenizerSource.place, fileOptions(tokenizerSource, settings)),
        )
    : undefined
  const processor = task.needsProcessor
    ? await attempt(place, settings, AutoProcessor.from_pretrained(place, options))
    : undefined
  const subfolder = settings.subfolder ?? (source.isLocal ? await findSubfolder(place) : 'onnx')
  const model = await attempt(
    place,
    settings,
    loadModel(task, place, { ...options, ...modelOptions(settings), subfolder }, config),
  )
  try {
    const run = new task.pipeline({ task: name, model, tokenizer, processor })
    return { task, taskReason: reason, model, tokenizer, config, run: (...values) => run(...values) }
  } catch (error) {
    await model.dispose()
    throw await loadError(error, place, settings)
  }
}

async function loadModel(
  task: Task,
  place: string,
  options: object,
  config: JsonObject,
): Promise<PreTrainedModel> {
  const type = config['model_type']
  const found = task.models.find(candidate => candidate.supports(String(type)))
  if (found === undefined) {
    throw new ServingError(
      'FAILED_PRECONDITION',
      `'${place}' has model_type ${JSON.stringify(type)}, which Transformers.js does not run for ${task.name}`,
    )
  }
  const exact = new PretrainedConfig(config)
  return found.from_pretrained(place, { ...options, config: exact })
}

async function attempt<T>(place: string, settings: TransformersSettings, load: Promise<T>): Promise<T> {
  try {
    return await load
  } catch (error) {
    throw await loadError(error, place, settings)
  }
}

function fileOptions(source: Source, settings: TransformersSettings) {
  return {
    local_files_only: source.isLocal,
    revision: settings.revision,
    cache_dir: settings.cacheFolder,
  }
}

function modelOptions({
  device,
  dtype,
  modelFileName,
  intraOpThreads,
  interOpThreads,
}: TransformersSettings) {
  return {
    // Said here, so that a model's own files do not decide where it runs.
    device,
    dtype,
    model_file_name: modelFileName ?? null,
    session_options: {
      intraOpNumThreads: intraOpThreads,
      interOpNumThreads: interOpThreads,
      executionMode: interOpThreads === 1 ? 'sequential' : 'parallel',
      logSeverityLevel: 4,
    },
  }
}

async function chooseTask(
  source: Source,
  config: JsonObject,
  settings: TransformersSettings,
): Promise<{ readonly name: string; readonly reason: string | undefined }> {
  if (settings.task !== undefined) return { name: settings.task, reason: undefined }
  const isOfImages =
    source.isLocal &&
    (await hasFile(source.place, 'preprocessor_config.json')) &&
    !(await hasFile(source.place, 'tokenizer.json'))
  const { task, reason } = guessTask(config, isOfImages)
  return { name: task, reason }
}

/** `parameters.uri`, or what a setting names: a folder beside the settings, or a model on the hub. */
async function findSource(
  model: ModelSettings,
  settings: TransformersSettings,
  named: string | undefined,
  field: string,
): Promise<Source> {
  const path = named === undefined ? await modelFile(model, []) : folderOf(model, named)
  const found = await stat(path).catch(() => undefined)
  if (found?.isDirectory() === true) return { place: resolve(path), isLocal: true }
  if (named === undefined) {
    throw new ServingError(
      'FAILED_PRECONDITION',
      `parameters.uri is '${path}', which is no folder; a model is a folder with config.json and ONNX files`,
    )
  }
  const problem = `parameters.extra.${field} is '${named}': there is no folder '${path}'`
  const isHubName = /^(?:[\w.-]+\/)?[\w.-]{1,96}$/.test(named) && !named.includes('..') && !isAbsolute(named)
  if (!isHubName) throw new ServingError('FAILED_PRECONDITION', problem)
  if (settings.allowsRemote) return { place: named, isLocal: false }
  throw new ServingError(
    'FAILED_PRECONDITION',
    `${problem}, and the model hub is not asked unless parameters.extra.allow_remote is true`,
  )
}

function folderOf({ folder }: ModelSettings, named: string): string {
  return isAbsolute(named) ? named : join(folder, named)
}
