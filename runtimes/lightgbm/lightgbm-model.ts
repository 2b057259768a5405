import {
  type InferenceRequest,
  type LoadContext,
  Model,
  type ModelResponse,
  type ModelSettings,
  type RequestContext,
  ServingError,
} from '@millrace/sdk'
import { type Booster, createBooster } from './booster.ts'
import { readModelFile } from './find-model-file.ts'
import { inputSpecs, OUTPUT_NAMES, type OutputName, outputSpecs } from './lightgbm-contract.ts'
import { readOptions } from './lightgbm-options.ts'
import { readModelText } from './model-text.ts'
import { predictOutputs } from './prediction.ts'
import { readRows } from './request-rows.ts'
import { createTableColumns, type TableColumns } from './table-columns.ts'

/** What a loaded model answers with. */
interface Loaded {
  readonly booster: Booster
  readonly table: TableColumns
  /** The outputs that a request may ask for. */
  readonly served: readonly OutputName[]
  readonly byDefault: readonly OutputName[]
}

/**
 * Serves a LightGBM model in text form, as `Booster.save_model` writes it, with the numbers that `Booster.predict` gives.
 *
 * `parameters.uri` names the file, or a folder with `model.bst`, `model.txt` or a single other one; `parameters.extra` holds
 * the options listed in this package's README. A request has one tensor `[rows, features]` of any name and numeric
 * datatype, or one tensor for each feature by its name; inputs that the settings declare are enforced instead. Outputs are
 * `predict` (unless others are asked for), `raw_score` and `leaf_index`.
 *
 * Predicting happens on the thread that asks; requests that take long give way to others between pieces.
 */
export class LightgbmModel extends Model {
  #loaded: Loaded | undefined

  constructor(settings: ModelSettings) {
    // What is published is one way to ask of several, so only a declaration of the settings' own may shut out the others.
    super(settings.inputs.length > 0 ? settings : { ...settings, enforceContract: false })
  }

  /**
   * @throws ServingError INVALID_ARGUMENT for a wrong setting, and FAILED_PRECONDITION for a file that is missing,
   * damaged, not a LightGBM model in text form, or at odds with the declared inputs and outputs.
   */
  override async load({ signal }: Pick<LoadContext, 'signal'>): Promise<void> {
    const { settings } = this
    const options = readOptions(settings.extra)
    const { file, bytes } = await readModelFile(settings)
    signal.throwIfAborted()
    const text = readModelText(bytes, file)
    const booster = createBooster(text, options, file)
    const table = createTableColumns(text)
    this.inputs = inputSpecs(table, settings.inputs, settings.contentType)
    this.outputs = outputSpecs(booster, options, settings.outputs)
    const served = Object.values(OUTPUT_NAMES).filter(name => this.outputs.some(spec => spec.name === name))
    this.#loaded = { booster, table, served, byDefault: [OUTPUT_NAMES[options.predictType]] }
  }

  /**
   * @throws ServingError INVALID_ARGUMENT for inputs that are not what the model was trained with, and for an output that
   * does not exist; UNAVAILABLE when no model is loaded
   */
  override predict(
    request: InferenceRequest,
    context: RequestContext,
  ): ModelResponse | Promise<ModelResponse> {
    if (this.#loaded === undefined)
      throw new ServingError('UNAVAILABLE', `Model ${this.settings.name} is not loaded`)
    const { booster, table, served, byDefault } = this.#loaded
    const wanted = wantedOutputs(request, served) ?? byDefault
    return predictOutputs(booster, readRows(request.inputs, table), wanted, () => context.signal)
  }

  override memoryBytes(): number {
    return this.#loaded?.booster.memoryBytes ?? 0
  }

  /** Frees the model's memory. Does nothing when no model is loaded. */
  override unload(): void {
    this.#loaded = undefined
  }
}

/** `undefined` where the request leaves it to the settings. */
function wantedOutputs(
  { outputs }: InferenceRequest,
  served: readonly OutputName[],
): readonly OutputName[] | undefined {
  if (outputs === undefined || outputs.length === 0) return undefined
  return outputs.map(({ name }) => {
    const found = served.find(candidate => candidate === name)
    if (found !== undefined) return found
    const names = served.map(output => `'${output}'`).join(', ')
    throw new ServingError('INVALID_ARGUMENT', `output '${name}' does not exist; the model has ${names}`)
  })
}
