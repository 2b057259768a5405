import { ServingError } from '@millrace/sdk'
import type { GrpcCall, GrpcMessage, GrpcUnaryMethod } from '../../transport/index.ts'
import { headersNaming, MeshCallView } from './mesh-call-view.ts'

/** By which a client says whether every model must answer, or any. */
const REQUIRED_HEADER = 'mm-required'

/**
 * Asks several models the same, some at once, and puts their answers behind each other in the order of the ids: read as one
 * message, their lists and maps add up. Where any will do, those that failed are left out.
 * @throws ServingError what the first of them failed with: where all must answer at once, where any will do if none has
 */
export async function askSeveral(
  method: GrpcUnaryMethod,
  message: Uint8Array,
  call: GrpcCall,
  {
    kind,
    ids,
    parallelism,
  }: { readonly kind: 'model' | 'alias'; readonly ids: readonly string[]; readonly parallelism: number },
): Promise<GrpcMessage> {
  const needsAll = readRequired(call.headers)
  const ending = new AbortController()
  const signal = AbortSignal.any([call.signal, ending.signal])
  const answers: (readonly Uint8Array[])[] = []
  const failures: unknown[] = []
  let next = 0
  const work = async () => {
    while (next < ids.length && !signal.aborted) {
      const index = next++
      try {
        // Models may write into their inputs, which lie over the message.
        const copy = Uint8Array.from(message)
        const view = new MeshCallView(call, headersNaming(call.headers, kind, ids[index]!), signal)
        const answer = await method.handle(copy, view)
        answers[index] = answer instanceof Uint8Array ? [answer] : answer
      } catch (error) {
        failures.push(error)
        if (needsAll)
          ending.abort(new ServingError('CANCELLED', 'another model of the same request has failed'))
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(parallelism, ids.length) }, work))
  call.signal.throwIfAborted()
  const merged = answers.flat()
  if (failures.length > 0 && (needsAll || answers.length === 0)) throw failures[0]
  return merged
}

function readRequired(headers: GrpcCall['headers']): boolean {
  const required = headers[REQUIRED_HEADER] ?? 'any'
  if (required === 'all' || required === 'any') return required === 'all'
  throw new ServingError(
    'INVALID_ARGUMENT',
    `metadata ${REQUIRED_HEADER} is '${required}'; it must be all or any`,
  )
}
