import {
  formatShape,
  type InferenceRequest,
  Model,
  type ModelResponse,
  type ModelSettings,
  modelFile,
  ServingError,
  type TensorSpec,
} from '@millrace/sdk'
import { type Answer, createAnswers, findAnswer } from './answers.ts'
import type { Booster, RoundRange } from './booster.ts'
import { readModelDocument } from './model-document.ts'
import { readModelOptions } from './model-options.ts'
import { readBooster } from './read-booster.ts'
import { createRowReader, type RequestRows } from './request-rows.ts'
import { unservable } from './unservable.ts'

const WELL_KNOWN_NAMES = ['model.bst', 'model.json', 'model.ubj']

interface Loaded {
  readonly readRows: (request: InferenceRequest) => RequestRows
  readonly answers: ReadonlyMap<string, Answer>
  /** What who asks for no output gets. */
  readonly byDefault: readonly { readonly name: string }[]
  margins(request: RequestRows): Float32Array
  readonly memoryBytes: number
}

/**
 * Serves one model of XGBoost, as JSON or Universal Binary JSON. `uri` is the file, or a folder with `model.bst`,
 * `model.json` or `model.ubj`; `parameters.extra` holds the options listed in this package's README.
 *
 * A request has one tensor of any name and of any datatype of numbers, or one tensor for each feature. Without declared
 * inputs the model checks requests itself, and more leniently than a contract could say. Declared outputs are those that
 * are served.
 * Scoring is synchronous. Outputs are fresh memory and may be transferred.
 */
export class XgboostModel extends Model {
  #loaded: Loaded | undefined

  constructor(settings: ModelSettings) {
    // Outputs are held to their declaration when the model loads.
    super({ ...settings, enforceContract: settings.enforceContract && settings.inputs.length > 0 })
  }

  /**
   * @throws ServingError INVALID_ARGUMENT for a wrong option, and FAILED_PRECONDITION naming the file, and the place in
   * it, for one that is missing, damaged or not servable
   */
  override async load(): Promise<void> {
    const options = readModelOptions(this.settings.extra)
    const file = await modelFile(this.settings, WELL_KNOWN_NAMES)
    if (/^[a-z][a-z\d+.-]+:/i.test(file)) throw unservable(file, 'allowed is a local path or a file: URL')
    const booster = readBooster(await readModelDocument(file), file)
    const { featureCount, outputCount, scoring } = booster
    const rounds = chooseRounds(booster, options.rounds, file)
    const answers = declaredAnswers(createAnswers(booster, rounds), this.settings.outputs, file)
    if (this.settings.inputs.length === 0) {
      const shape = [-1, featureCount]
      this.inputs = [{ name: 'input-0', datatype: 'FP32', shape, contentType: 'np' }]
    }
    if (this.settings.outputs.length === 0) this.outputs = Array.from(answers.values(), ({ spec }) => spec)
    this.#loaded = {
      readRows: createRowReader(booster, options.missing),
      answers,
      byDefault: this.settings.outputs.length === 0 ? DEFAULT : this.settings.outputs,
      memoryBytes: scoring.memoryBytes,
      margins({ rows, rowCount }) {
        const out = new Float32Array(rowCount * outputCount)
        scoring.margins(rows, rowCount, out, rounds)
        return out
      },
    }
  }

  /**
   * Answers with the requested outputs; without any, with those declared, or with `predict`.
   * @throws ServingError INVALID_ARGUMENT when the request does not suit the model
   */
  override predict(request: InferenceRequest): ModelResponse {
    const loaded = this.#loaded
    if (loaded === undefined)
      throw new ServingError('UNAVAILABLE', `Model ${this.settings.name} is not loaded`)
    const wanted =
      request.outputs === undefined || request.outputs.length === 0 ? loaded.byDefault : request.outputs
    const answers = wanted.map(({ name }) => findAnswer(loaded.answers, name))
    const rows = loaded.readRows(request)
    let known: Float32Array | undefined
    const margins = (): Float32Array => (known ??= loaded.margins(rows))
    return { outputs: answers.map(answer => answer.answer(rows, margins)) }
  }

  override memoryBytes(): number {
    return this.#loaded?.memoryBytes ?? 0
  }

  /** Frees the model's memory. Does nothing when none is loaded. */
  override unload(): void {
    this.#loaded = undefined
  }
}

const DEFAULT = [{ name: 'predict' }]

/** The outputs that the settings declare, or all. */
function declaredAnswers(
  answers: ReadonlyMap<string, Answer>,
  declared: readonly TensorSpec[],
  file: string,
): ReadonlyMap<string, Answer> {
  if (declared.length === 0) return answers
  return new Map(
    declared.map(({ name, datatype, shape }) => {
      const answer = answers.get(name)
      const has = answer?.spec
      if (
        answer === undefined ||
        has?.datatype !== datatype ||
        shape.length !== 2 ||
        shape.some((extent, axis) => extent !== has.shape[axis] && extent !== -1)
      ) {
        const known = Array.from(answers.values(), ({ spec }) => describe(spec)).join(', ')
        throw unservable(
          file,
          `the settings declare output ${describe({ name, datatype, shape })}; the model has ${known}`,
        )
      }
      return [name, answer]
    }),
  )
}

function describe({ name, datatype, shape }: TensorSpec): string {
  return `'${name}' ${datatype} ${formatShape(shape)}`
}

/** Those of the setting; else up to the round that early stopping found best; else all. */
function chooseRounds(
  { scoring: { roundCount }, bestRound }: Booster,
  chosen: RoundRange | undefined,
  file: string,
): RoundRange {
  const all = { begin: 0, end: roundCount }
  if (chosen === undefined) {
    return bestRound === undefined ? all : { begin: 0, end: Math.min(bestRound + 1, roundCount) }
  }
  if (chosen.end === 0) return all
  if (chosen.end <= roundCount) return chosen
  throw unservable(
    file,
    `parameters.extra.iteration_range ends at ${chosen.end}; the model has ${roundCount} rounds`,
  )
}
