import type { TensorSpec } from '../contract/index.ts'

/**
 * What `model-settings.json` says about one model version, with every default filled in.
 * In the file the names are MLServer's (`max_batch_size`); here they read as TypeScript.
 */
export interface ModelSettings {
  readonly name: string
  /** The version as a string; `undefined` for a model without versions. */
  readonly version: string | undefined
  /** Where the class is: `./model.ts:Sum`, a package export `pkg:Export`, or a runtime's alias. */
  readonly implementation: string
  /** Absolute path of the folder that holds the settings file. */
  readonly folder: string
  /** Absolute path or URI of the model's artefact; the folder when the file names none. */
  readonly uri: string
  /** Shown in the metadata, e.g. `onnx_onnxv1`. */
  readonly platform: string
  /** Free-form notes such as `sklearn/1.3`, shown in the metadata as `versions` (MLServer's use of the field). */
  readonly versionNotes: readonly string[]
  readonly inputs: readonly TensorSpec[]
  readonly outputs: readonly TensorSpec[]
  /** Whether requests and responses must keep to the declared inputs and outputs. Default true. */
  readonly enforceContract: boolean
  /**
   * `parameters.content_type`: what whole requests are, such as `pd`, unless they say it themselves. Shown
   * in the metadata and used by `decodeRequest` of `Model`; a contract's fields have content types of their own.
   */
  readonly contentType: string | undefined
  /** `parameters.extra`: the author's own settings. */
  readonly extra: Readonly<Record<string, unknown>>
  /** All of `parameters` as the file has it, unknown members included. */
  readonly parameters: Readonly<Record<string, unknown>>
  /** Whether the operator lets pickles be opened, which run whatever code they hold. Default false. */
  readonly allowsPickle?: boolean
  /** How many workers the server runs a model in; a runtime with processes of its own starts as many, at least one. Default 1. */
  readonly workerCount?: number
  /** `max_batch_size`: rows that are asked for together at most; 0 or 1 is one after the other. Default 0. */
  readonly maxBatchSize?: number
}
