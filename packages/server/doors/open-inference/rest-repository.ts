import { ServingError } from '@millrace/sdk'
import type { IndexEntry, ModelRegistry } from '../../lifecycle/index.ts'
import type { HttpRequest, HttpRoute } from '../../transport/index.ts'

/** Triton's model repository extension over REST. */
export function repositoryRoutes(registry: ModelRegistry): readonly HttpRoute[] {
  return [
    {
      method: 'POST',
      path: '/v2/repository/index',
      async handle(http) {
        const isReadyOnly = await readReadyOnly(http)
        const entries = await registry.index({ isReadyOnly })
        const body = Buffer.from(JSON.stringify(entries.map(indexView)))
        return { status: 200, headers: { 'content-type': 'application/json' }, body }
      },
    },
    {
      method: 'POST',
      path: '/v2/repository/models/:model/load',
      hasOwnTimeLimit: true,
      async handle(http) {
        rejectLoadParameters(objectIn(await http.body()) ?? {})
        await registry.load(http.params['model']!, { signal: http.signal })
        return { status: 200 }
      },
    },
    {
      method: 'POST',
      path: '/v2/repository/models/:model/unload',
      async handle(http) {
        // Read, so that the connection can be used again, and ignored: MLServer's clients send any
        // body, Triton's send `unload_dependents`, and models here have no dependents.
        await http.body()
        await registry.unload(http.params['model']!)
        return { status: 200 }
      },
    },
  ]
}

function indexView({ name, version, state, reason }: IndexEntry): object {
  return { name, ...(version === undefined ? {} : { version }), state, reason }
}

async function readReadyOnly(http: HttpRequest): Promise<boolean> {
  const body = await readJson(http)
  const ready = body['ready'] ?? false
  if (typeof ready === 'boolean') return ready
  throw new ServingError('INVALID_ARGUMENT', `'ready' is ${JSON.stringify(ready)}; it must be true or false`)
}

/**
 * Triton lets a client send the model's configuration and files along. Loading what the folder has
 * instead would be a silent lie.
 */
export function rejectLoadParameters(body: Readonly<Record<string, unknown>>): void {
  const { parameters } = body
  if (typeof parameters !== 'object' || parameters === null) return
  const unknown = Object.keys(parameters).find(name => name === 'config' || name.startsWith('file:'))
  if (unknown === undefined) return
  throw new ServingError(
    'UNIMPLEMENTED',
    `load parameter '${unknown}' is not supported: models are loaded from the repository as they are there`,
  )
}

/** The body as an object; stock clients send an empty body where the protocol wants `{}`. */
async function readJson(http: HttpRequest): Promise<Readonly<Record<string, unknown>>> {
  const body = await http.body()
  if (body.length === 0) return {}
  const value = objectIn(body)
  if (value === null) throw new ServingError('INVALID_ARGUMENT', 'the body must be a JSON object')
  return value
}

function objectIn(body: Uint8Array): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(
      Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'),
    )
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}
