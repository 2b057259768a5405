import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import {
  type InferenceRequest,
  type LoadContext,
  Model,
  type RequestContext,
  ServingError,
} from '@millrace/sdk'

/** What a model's file may say; all of it is optional. */
interface Weights {
  /** What every answer holds. */
  readonly answer?: number
  /** A port of this machine that is connected to while the model loads: it goes on when the other side ends. */
  readonly loadGate?: number
  /** The same for each request. */
  readonly gate?: number
  /** Memory to hold. */
  readonly bytes?: number
  /** A refusal for every request. */
  readonly refusal?: readonly [
    code: 'NOT_FOUND' | 'INVALID_ARGUMENT' | 'UNAVAILABLE' | 'INTERNAL',
    text: string,
  ]
  /** An error as code throws it that thinks of no server. */
  readonly throws?: string
}

/** A class as users write them for a mesh: it reads its file when it loads, and answers with what stands in it. */
export class CustomModel extends Model {
  #weights: Weights = {}
  #memory: Uint8Array | null = null

  override async load({ signal }: LoadContext): Promise<void> {
    this.#weights = JSON.parse(await readFile(this.settings.uri, 'utf8')) as Weights
    const { bytes = 0, loadGate } = this.#weights
    // Touched, so that it is there.
    this.#memory = new Uint8Array(bytes).fill(1)
    if (loadGate !== undefined) await pass(loadGate, signal)
  }

  override async predict({ inputs }: InferenceRequest, { signal, headers }: RequestContext) {
    const { answer = 0, gate, refusal, throws } = this.#weights
    if (gate !== undefined) await pass(gate, signal)
    if (refusal !== undefined) throw new ServingError(...refusal)
    if (throws !== undefined) throw new TypeError(throws)
    return {
      outputs: [
        { name: 'answer', datatype: 'FP32', shape: [1], data: [answer] },
        { name: 'memory', datatype: 'INT64', shape: [1], data: [BigInt(this.#memory?.length ?? 0)] },
        { name: 'header', datatype: 'BYTES', shape: [1], data: [headers['x-user'] ?? ''] },
        ...inputs.filter(({ name }) => name === 'echo'),
      ],
    }
  }

  override unload(): void {
    this.#memory = null
  }
}

/** Waits behind a connection until the other side ends it. */
async function pass(port: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const socket = connect(port, '127.0.0.1').once('end', resolve).once('error', reject).resume()
  const leave = () => reject(signal.reason)
  signal.addEventListener('abort', leave)
  try {
    signal.throwIfAborted()
    await promise
  } finally {
    signal.removeEventListener('abort', leave)
    socket.destroy()
  }
}
