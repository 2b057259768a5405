import {
  type InferenceRequest,
  Model,
  type ModelResponse,
  ServingError,
  type Tensor,
  type TensorSpec,
} from '@millrace/sdk'
import { InferenceSession, type Tensor as OrtTensor } from 'onnxruntime-node'
import { resolveSpecs } from './graph-contract.ts'
import { findModelFile } from './model-file.ts'
import { loadError, runError } from './ort-errors.ts'
import { readSessionOptions } from './session-options.ts'
import { fromOrtTensor, toOrtTensor } from './tensor-types.ts'

/**
 * Serves an ONNX model file.
 *
 * `parameters.uri` names the file, or a folder that holds `model.onnx` or a single other `.onnx` file;
 * `parameters.extra` holds the options listed in this package's README. Inputs and outputs are published from the
 * graph; those declared in the settings are used instead if the graph agrees with them, and outputs
 * that a declaration leaves out are not served.
 *
 * Loading and every run are synchronous calls into ONNX Runtime: while one goes on, nothing else
 * happens on this thread. A model whose runs take longer than a millisecond belongs in a worker.
 *
 * Inputs are read where they lie, so their memory must stay unchanged until `predict` has settled.
 * Outputs are fresh memory of their own (the binding copies each once) and may be transferred.
 */
export class OnnxModel extends Model {
  #session: InferenceSession | undefined

  /**
   * @throws ServingError INVALID_ARGUMENT for a wrong setting, and FAILED_PRECONDITION for a file that
   * is missing, damaged, not servable, or at odds with the declared inputs and outputs.
   */
  override async load(): Promise<void> {
    const options = readSessionOptions(this.settings.extra)
    const file = await findModelFile(this.settings.uri)
    const session = await createSession(file, options)
    try {
      const { inputMetadata, outputMetadata } = session
      this.inputs = resolveSpecs('input', inputMetadata, this.settings.inputs, file)
      this.outputs = resolveSpecs('output', outputMetadata, this.settings.outputs, file)
    } catch (error) {
      await session.release()
      throw error
    }
    this.#session = session
  }

  /**
   * Answers with the requested outputs, or with all. ONNX Runtime computes every output in any case;
   * the ones nobody asked for are not brought into JavaScript.
   * @throws ServingError INVALID_ARGUMENT when the request does not suit the graph; INTERNAL when
   * ONNX Runtime fails for another reason, which is then the `cause`.
   */
  override async predict(request: InferenceRequest): Promise<ModelResponse> {
    const session = this.#session
    if (session === undefined)
      throw new ServingError('UNAVAILABLE', `Model ${this.settings.name} is not loaded`)
    const wanted = wantedOutputs(request, this.outputs)
    const feeds: Record<string, OrtTensor> = {}
    for (const spec of this.inputs) feeds[spec.name] = toOrtTensor(findInput(request, spec))
    const results = await run(session, feeds, wanted, request.inputs)
    return { outputs: wanted.map(name => fromOrtTensor(name, results[name]!)) }
  }

  /** Frees the graph's memory. Does nothing when no model is loaded. */
  override async unload(): Promise<void> {
    const session = this.#session
    this.#session = undefined
    await session?.release()
  }
}

async function createSession(
  file: string,
  options: InferenceSession.SessionOptions,
): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(file, options)
  } catch (error) {
    throw loadError(error, file)
  }
}

async function run(
  session: InferenceSession,
  feeds: Readonly<Record<string, OrtTensor>>,
  wanted: readonly string[],
  inputs: readonly Tensor[],
): Promise<Readonly<Record<string, OrtTensor>>> {
  try {
    return await session.run(feeds, wanted)
  } catch (error) {
    throw runError(error, inputs)
  }
}

// The two checks below repeat the contract's for models that are served with `enforceContract: false`.

function findInput(request: InferenceRequest, { name, datatype }: TensorSpec): Tensor {
  const tensor = request.inputs.find(input => input.name === name)
  if (tensor === undefined) throw new ServingError('INVALID_ARGUMENT', `input '${name}' is missing`)
  if (tensor.datatype !== datatype) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `input '${name}' has datatype ${tensor.datatype}; expected ${datatype}`,
    )
  }
  return tensor
}

function wantedOutputs(request: InferenceRequest, outputs: readonly TensorSpec[]): readonly string[] {
  const known = outputs.map(({ name }) => name)
  if (request.outputs === undefined || request.outputs.length === 0) return known
  return request.outputs.map(({ name }) => {
    if (known.includes(name)) return name
    const names = known.map(output => `'${output}'`).join(', ')
    throw new ServingError('INVALID_ARGUMENT', `output '${name}' does not exist; the model has ${names}`)
  })
}
