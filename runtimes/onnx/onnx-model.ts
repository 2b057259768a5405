import {
  type InferenceRequest,
  type LoadContext,
  Model,
  type ModelResponse,
  type RequestContext,
  ServingError,
  type Tensor,
  type TensorSpec,
} from '@millrace/sdk'
import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import { resolveSpecs } from './graph-contract.ts'
import type { Port } from './graph-plan.ts'
import { graphValues } from './graph-values.ts'
import { findModelFile } from './model-file.ts'
import { openModel } from './open-model.ts'
import { runError } from './ort-errors.ts'
import { createRunQueue } from './run-queue.ts'
import { readSessionOptions } from './session-options.ts'
import { feedsOf, type InputPort, outputOf } from './session-ports.ts'
import { triedShapes } from './tried-shapes.ts'

/**
 * Serves an ONNX model file.
 *
 * `parameters.uri` names the file, or a folder that holds `model.onnx` or a single other `.onnx` file;
 * `parameters.extra` holds the options listed in this package's README. Inputs and outputs are published from the
 * graph; those declared in the settings are used instead if the graph agrees with them, and outputs
 * that a declaration leaves out are not served.
 *
 * Loading and every run are synchronous calls into ONNX Runtime: while one goes on, nothing else
 * happens on this thread, and nothing can end it. A model whose runs take longer than a millisecond belongs in a worker.
 * Runs go ahead one at a time; one whose request is withdrawn before its turn is not begun.
 *
 * Inputs are read where they lie, so their memory must stay unchanged until `predict` has settled.
 * Outputs are fresh memory of their own (the binding copies each once) and may be transferred.
 */
export class OnnxModel extends Model {
  #session: InferenceSession | undefined
  #isProfiled = false
  #inputs: readonly InputPort[] = []
  #outputs: ReadonlyMap<string, Port> = new Map()
  readonly #runs = createRunQueue()

  /**
   * @throws ServingError INVALID_ARGUMENT for a wrong setting, and FAILED_PRECONDITION for a file that
   * is missing, damaged, not servable, or at odds with the declared inputs and outputs.
   */
  override async load(context?: Pick<LoadContext, 'log'>): Promise<void> {
    const { settings } = this
    const options = readSessionOptions(settings.extra, settings.folder)
    const file = await findModelFile(settings)
    const { session, inputs, outputs, notes } = await openModel(file, options, settings)
    try {
      const overrides = options.freeDimensionOverrides ?? {}
      const inputValues = graphValues(inputs, session.inputMetadata, overrides)
      this.inputs = resolveSpecs('input', inputValues, settings.inputs, file)
      this.#inputs = inputs.map(port => [
        this.inputs.find(spec => spec.name === port.name) ?? hidden(port),
        port,
      ])
      const said = graphValues(outputs, session.outputMetadata, overrides)
      const { values, failure } = await triedShapes(session, this.#inputs, outputs, said)
      if (failure !== undefined)
        context?.log.debug('no run with an example could tell the shapes of the outputs', { file, failure })
      this.outputs = resolveSpecs('output', values, settings.outputs, file)
    } catch (error) {
      await session.release()
      throw error
    }
    this.#outputs = new Map(outputs.map(port => [port.name, port]))
    this.#isProfiled = options.enableProfiling === true
    this.#session = session
    context?.log.debug('the ONNX model is loaded', { file, ...notes })
  }

  /**
   * Answers with the requested outputs, or with all. ONNX Runtime computes every output in any case;
   * the ones nobody asked for are not brought into JavaScript.
   * @throws ServingError INVALID_ARGUMENT when the request does not suit the graph; INTERNAL when
   * ONNX Runtime fails for another reason, which is then the `cause`; the reason of the signal when it is aborted before
   * the run has begun.
   */
  override async predict(
    request: InferenceRequest,
    context?: Pick<RequestContext, 'signal'>,
  ): Promise<ModelResponse> {
    const session = this.#session
    if (session === undefined)
      throw new ServingError('UNAVAILABLE', `Model ${this.settings.name} is not loaded`)
    const wanted = this.#wantedOutputs(request)
    const feeds = feedsOf(request, this.#inputs)
    const fetches = wanted.map(({ sessionName }) => sessionName)
    const results = await this.#runs.run(context?.signal, () => run(session, feeds, fetches, request.inputs))
    return { outputs: wanted.map(port => outputOf(port, results[port.sessionName]!)) }
  }

  /** Frees the graph's memory, and finishes the profile if there is to be one. Does nothing when no model is loaded. */
  override async unload(): Promise<void> {
    const session = this.#session
    this.#session = undefined
    if (this.#isProfiled) session?.endProfiling()
    await session?.release()
  }

  // This check and those of `feedsOf` repeat the contract's for models that are served with `enforceContract: false`.
  #wantedOutputs(request: InferenceRequest): readonly Port[] {
    const known = this.outputs.map(({ name }) => name)
    const names =
      request.outputs === undefined || request.outputs.length === 0
        ? known
        : request.outputs.map(({ name }) => name)
    return names.map(name => {
      const port = known.includes(name) ? this.#outputs.get(name) : undefined
      if (port !== undefined) return port
      const all = known.map(output => `'${output}'`).join(', ')
      throw new ServingError('INVALID_ARGUMENT', `output '${name}' does not exist; the model has ${all}`)
    })
  }
}

/** An input that a declaration leaves out, because it has a default. */
function hidden({ name, defaultValue }: Port): TensorSpec {
  return { name, datatype: defaultValue!.datatype, shape: defaultValue!.shape, isOptional: true }
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
