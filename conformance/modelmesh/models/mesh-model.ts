import {
  type InferenceRequest,
  Model,
  type RequestContext,
  ServingError,
  type ServingErrorOptions,
} from '@millrace/sdk'
import { taken, watched } from '../bed/watched-models.ts'

/**
 * A model of a mesh of our own: it says its name, and which headers it sees. Of the settings' `extra`, `gate` holds up
 * `load`, `hold` requests; `fails` and `refusal` say how either fails, and `says` what it says in place of its name.
 */
export class MeshModel extends Model {
  override async load({ signal }: { readonly signal: AbortSignal }) {
    const { gate, fails } = this.settings.extra
    if (typeof gate === 'string') await pass(gate, signal)
    if (typeof fails === 'string') throw new Error(fails)
  }

  override memoryBytes() {
    return 1_000_000
  }

  override async predict({ inputs }: InferenceRequest, context: RequestContext) {
    const { name, extra } = this.settings
    const { hold, refusal } = extra
    context.setHeader('x-answered-by', name)
    if (typeof hold === 'string') await pass(hold, context.signal)
    if (Array.isArray(refusal)) {
      const [code, text] = refusal as ['INTERNAL', string]
      throw new ServingError(code, text, { retryAfterMs: 1 } satisfies ServingErrorOptions)
    }
    return {
      outputs: [
        {
          name: 'said',
          datatype: 'BYTES',
          shape: [1],
          data: [typeof extra['says'] === 'string' ? extra['says'] : name],
        },
        { name: 'headers', datatype: 'BYTES', shape: [1], data: [JSON.stringify(context.headers)] },
        { name: 'deadline', datatype: 'FP64', shape: [1], data: [context.deadlineMs] },
        ...inputs,
      ],
    }
  }

  override async *predictStream(requests: AsyncIterable<InferenceRequest>, context: RequestContext) {
    for await (const request of requests) yield this.predict(request, context)
  }
}

/** Says that it waits, and waits until it is let through or nobody waits for it any more. */
async function pass(gate: string, signal: AbortSignal): Promise<void> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = () => {
    taken(watched.waiting, `${gate} is left`).resolve()
    reject(signal.reason)
  }
  signal.addEventListener('abort', abort)
  taken(watched.waiting, gate).resolve()
  try {
    signal.throwIfAborted()
    await Promise.race([taken(watched.gates, gate).promise, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
