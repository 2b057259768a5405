import {
  type InferenceRequest,
  type LoadContext,
  Model,
  type ModelResponse,
  type RequestContext,
  ServingError,
} from '@millrace/sdk'
import type { Backend } from './backend.ts'
import { type Connection, connect } from './connection.ts'
import { type ExecSettings, readExecSettings } from './exec-settings.ts'
import { createProgramRunner } from './program-runner.ts'
import { waitUntilReady } from './readiness.ts'

/** Variables that the program gets from here, whatever the settings say. */
const OWN_VARIABLES = ['APP_PORT', 'MODEL_DIR', 'HOST']

/** Where the program is asked, whoever started it. */
interface Source {
  /** @throws ServingError UNAVAILABLE while there is none */
  readonly current: () => Connection
  readonly close: () => Promise<void>
}

/**
 * A model that a program of its own answers for: one that serves the Open Inference Protocol over gRPC, or Hydrosphere's
 * prediction protocol. `parameters.extra` says how it is started, or where it runs; see this package's README.
 *
 * The program is started when the model loads, watched, started again when it ends, and stopped with the model. While it
 * is down the model is not ready.
 */
export class ExecModel extends Model {
  #source: Source | undefined

  /**
   * @throws ServingError INVALID_ARGUMENT for a wrong setting; FAILED_PRECONDITION for a program that ends, does not get
   * ready in time or serves something else, with the last lines of its output; and for a contract file that is none
   */
  override async load(context: LoadContext): Promise<void> {
    const exec = await readExecSettings(this.settings)
    const { contract } = await this.#open(exec, context)
    this.inputs = contract.inputs
    this.outputs = contract.outputs
    this.isReady = true
  }

  /** @throws ServingError what the program answers; UNAVAILABLE with a retry hint when it is down or breaks off */
  override async predict(request: InferenceRequest, context: RequestContext): Promise<ModelResponse> {
    const { predict } = this.#backend()
    try {
      return await predict(request, context)
    } catch (error) {
      throw this.#failure(error, context)
    }
  }

  override async *predictStream(
    requests: AsyncIterable<InferenceRequest>,
    context: RequestContext,
  ): AsyncIterable<ModelResponse> {
    for await (const request of requests) {
      const { predict, predictStream } = this.#backend()
      try {
        if (predictStream === null) yield await predict(request, context)
        else yield* predictStream(request, context)
      } catch (error) {
        throw this.#failure(error, context)
      }
    }
  }

  /** Stops the program, if it was started here. Does nothing when no model is loaded. */
  override async unload(): Promise<void> {
    const source = this.#source
    this.#source = undefined
    await source?.close()
  }

  async #open(exec: ExecSettings, { log, signal }: LoadContext): Promise<Connection> {
    const { program: launch } = exec
    if (typeof launch === 'string') {
      const connection = await this.#attach(launch, exec, { log, signal })
      this.#source = { current: () => connection, close: () => connection.backend.close() }
      return connection
    }
    const overridden = OWN_VARIABLES.filter(name => launch.environment[name] !== undefined)
    if (overridden.length > 0) {
      log.warn('these variables of parameters.extra.environment are replaced', { variables: overridden })
    }
    const onChange = (isUp: boolean) => {
      this.isReady = isUp
    }
    const runner = createProgramRunner({ launch, exec, settings: this.settings, log, onChange })
    const connection = await runner.start(signal)
    this.#source = runner
    return connection
  }

  /** Connects to a program that somebody else runs. */
  async #attach(
    address: string,
    exec: ExecSettings,
    { log, signal }: Pick<LoadContext, 'log' | 'signal'>,
  ): Promise<Connection> {
    const timeout = AbortSignal.timeout(exec.startupTimeoutMs)
    const stopped = AbortSignal.any([signal, timeout])
    let reason = ''
    try {
      const target = { address, protocol: exec.protocol, modelName: exec.modelName }
      const protocol = await waitUntilReady(target, stopped, why => (reason = why))
      return await connect(address, protocol, exec, this.settings, { log, signal: stopped })
    } catch (error) {
      if (signal.aborted || !timeout.aborted) throw error
      throw new ServingError(
        'FAILED_PRECONDITION',
        `the program of model ${this.settings.name} at ${address} was not ready within ${exec.startupTimeoutMs / 1000} s (${reason})`,
        { cause: error },
      )
    }
  }

  #backend(): Backend {
    if (this.#source !== undefined) return this.#source.current().backend
    throw new ServingError('UNAVAILABLE', `Model ${this.settings.name} is not loaded`)
  }

  /** A connection that broke off says little by itself; the rest is the program's own word. */
  #failure(error: unknown, { signal }: RequestContext): unknown {
    if (!ServingError.is(error) || error.code !== 'UNAVAILABLE' || signal.aborted) return error
    const { name } = this.settings
    return new ServingError(
      'UNAVAILABLE',
      error.message.startsWith('the program of model')
        ? error.message
        : `the program of model ${name} cannot be reached, or broke off: ${error.message}`,
      { cause: error, retryAfterMs: error.retryAfterMs ?? 1000 },
    )
  }
}
