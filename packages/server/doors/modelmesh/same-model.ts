import { ServingError } from '@millrace/sdk'
import { readId } from '@millrace/sdk/protocol'
import type { GrpcCall, GrpcMethod } from '../../transport/index.ts'
import { MESH_METHODS } from './model-runtime.ts'

/**
 * Methods that refuse a request whose message names another model than its metadata. A mesh decides by one of them who
 * answers, and writes both; a client that names two models would be let in by one and answered by the other.
 */
export function requireSameModel(methods: ReadonlyMap<string, GrpcMethod>): ReadonlyMap<string, GrpcMethod> {
  return new Map(
    Array.from(methods, ([name, method]) => {
      const path = MESH_METHODS.get(name.slice(1)) ?? []
      if (path.length === 0 || method.kind !== 'unary') return [name, method]
      return [
        name,
        {
          ...method,
          handle(message: Uint8Array, call: GrpcCall) {
            const named = namedIn(call.headers)
            if (named !== undefined) requireNamed(named, readId(message, path))
            return method.handle(message, call)
          },
        },
      ]
    }),
  )
}

function namedIn(headers: GrpcCall['headers']): string | undefined {
  const binary = headers['mm-model-id-bin']
  return binary === undefined ? headers['mm-model-id'] : Buffer.from(binary, 'base64').toString('utf8')
}

function requireNamed(named: string, inMessage: string): void {
  if (inMessage === '' || inMessage === named) return
  throw new ServingError(
    'INVALID_ARGUMENT',
    `the message names the model ${JSON.stringify(inMessage)}, and the metadata mm-model-id ${JSON.stringify(named)}; allowed is one of both`,
  )
}
