import {
  type InferenceRequest,
  type LoadContext,
  Model,
  type ModelResponse,
  type ModelRoute,
  type ModelSettings,
  type RequestContext,
  ServingError,
} from '@millrace/sdk'
import { findInterpreter, type LoadSpec, openPythonPool, type PythonPool } from './process/index.ts'

/** What a process is to load, beyond the model's settings. */
export type HostedClass = Pick<LoadSpec, 'kind' | 'implementation'> & {
  /** What the adapter of this kind takes besides; default nothing. */
  readonly options?: Readonly<Record<string, unknown>>
  /** Folders that Python imports from before its own; default the folder of the settings file. */
  readonly importPaths?: readonly string[]
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

/**
 * Serves a class written in Python, in processes of its own: `implementation` is MLServer's `module.Class`, found beside
 * the settings file, or `./model.py:Class`. The class extends `mlserver.MLModel`, of MLServer itself if the interpreter
 * has it, else of the subset that comes with this package.
 *
 * The interpreter is that of `parameters.environment_path`, else `parameters.extra.python`, else `MILLRACE_PYTHON`, else
 * `python3` on the `PATH`. There are `workerCount` processes, at least one; each request goes to the one with the
 * fewest. A process that ends fails its requests as UNAVAILABLE and is replaced.
 *
 * Classes of this package for other kinds of models override `hostedClass`.
 */
export class PythonModel extends Model {
  #pool: PythonPool | undefined
  #isLoaded = false

  /**
   * @throws ServingError FAILED_PRECONDITION for an interpreter that cannot serve or a class that is not there; INTERNAL
   * with the last lines of the traceback for what the class raises
   */
  override async load(context: LoadContext): Promise<boolean> {
    const { settings } = this
    const interpreter = await findInterpreter(settings, process.env)
    const pool = await openPythonPool({
      modelName: settings.name,
      interpreter,
      spec: loadSpec(settings, this.hostedClass()),
      processCount: Math.max(1, settings.workerCount ?? 1),
      context,
      onReadyChange: isReady => {
        if (this.#isLoaded) this.isReady = isReady
      },
    })
    const { isReady, inputs, outputs, routes } = pool.description
    this.inputs = inputs ?? settings.inputs
    this.outputs = outputs ?? settings.outputs
    try {
      this.routes = routes.map((route, index) => this.#route(route, index))
    } catch (error) {
      await pool.close()
      throw error
    }
    this.#pool = pool
    this.#isLoaded = isReady
    return isReady
  }

  override predict(request: InferenceRequest, context: RequestContext): Promise<ModelResponse> {
    return this.#loaded().pick().predict(request, context)
  }

  override predictStream(
    requests: AsyncIterable<InferenceRequest>,
    context: RequestContext,
  ): AsyncIterable<ModelResponse> {
    return this.#loaded().pick().predictStream(requests, context)
  }

  /** What its processes take; they are none of the server's own memory. NaN where the system does not tell. */
  override memoryBytes(): number {
    return this.#pool?.residentBytes() ?? Number.NaN
  }

  /** Has the class unload in every process, and ends them all. */
  override async unload(): Promise<void> {
    const pool = this.#pool
    this.#pool = undefined
    this.#isLoaded = false
    await pool?.close()
  }

  /** What the processes load. */
  protected hostedClass(): HostedClass {
    return { kind: 'mlserver', implementation: this.settings.implementation }
  }

  #loaded(): PythonPool {
    if (this.#pool === undefined) {
      throw new ServingError('UNAVAILABLE', `Model ${this.settings.name} is not loaded`)
    }
    return this.#pool
  }

  #route({ method, path }: { readonly method: string; readonly path: string }, index: number): ModelRoute {
    const known = METHODS.find(candidate => candidate === method)
    if (known === undefined) {
      throw new ServingError(
        'FAILED_PRECONDITION',
        `Model ${this.settings.name}: the route ${path} has method ${method}; allowed are ${METHODS.join(', ')}`,
      )
    }
    return {
      method: known,
      path,
      handle: (request, context) => this.#loaded().pick().route(index, request, context),
    }
  }
}

/** The settings under the names that `model-settings.json` has them, as Python classes expect them. */
function loadSpec(settings: ModelSettings, hosted: HostedClass): LoadSpec {
  const { name, version, platform, versionNotes, folder, uri, extra, contentType } = settings
  const { kind, implementation, options = {}, importPaths = [folder] } = hosted
  return {
    kind,
    implementation,
    folder,
    import_paths: importPaths,
    options,
    allows_pickle: settings.allowsPickle === true,
    settings: {
      name,
      platform,
      versions: versionNotes,
      inputs: tensors(settings.inputs),
      outputs: tensors(settings.outputs),
      parameters: { ...settings.parameters, uri, version, extra, content_type: contentType },
    },
  }
}

function tensors(specs: ModelSettings['inputs']): unknown {
  return specs.map(({ name: tensorName, datatype, shape, parameters, contentType: tensorContentType }) => ({
    name: tensorName,
    datatype,
    shape,
    parameters:
      tensorContentType === undefined ? parameters : { ...parameters, content_type: tensorContentType },
  }))
}
