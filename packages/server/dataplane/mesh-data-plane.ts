import { type InferenceRequest, ServingError } from '@millrace/sdk'
import type { Alias } from '../cache/index.ts'
import type { Call } from './call.ts'
import type { DataPlane } from './data-plane.ts'
import { MeshCall } from './mesh-call.ts'
import { idsOfHeaders } from './mesh-ids.ts'

/** What a mesh knows of names. */
export interface MeshNames {
  alias(id: string): Alias | undefined
  isKnown(id: string): boolean
}

/** Metadata by which a door says that names in messages are of one kind alone; without it an alias comes before a model. */
export const NAME_KIND_HEADER = 'mm-name-is'

/** A request that hits a switch of its alias, or a model that has just gone, is asked again this often. */
const MAX_ATTEMPTS = 4

/**
 * A data plane that is asked by the names of a mesh: aliases, and ids in metadata where a request names no model. What it
 * asks on names a model as it is registered, and so do the answers.
 */
export function createMeshDataPlane(inner: DataPlane, mesh: MeshNames): DataPlane {
  const modelOf = (name: string) => mesh.alias(name)?.activeId ?? name

  /** @throws ServingError INVALID_ARGUMENT where neither message nor metadata names one model, NOT_FOUND for what is unknown */
  const targetOf = (name: string, headers: Call['headers']): string => {
    const { kind, id } = name === '' ? onlyId(headers) : { kind: headers[NAME_KIND_HEADER], id: name }
    if (kind === 'alias') return aliasNamed(mesh, id).activeId
    const model = kind === undefined ? modelOf(id) : id
    if (mesh.isKnown(model)) return model
    throw new ServingError('NOT_FOUND', `model not found: '${model}'`)
  }

  /** Returns if the same request finds another model now; throws what its sender is to be told if not. */
  const askAgain = (error: unknown, id: string, name: string, call: Call, attempt: number) => {
    const isGone = ServingError.is(error) && GONE.has(error.code) && !call.signal.aborted
    if (!isGone || attempt >= MAX_ATTEMPTS || targetOf(name, call.headers) === id) throw error
  }

  return {
    isReady: () => inner.isReady(),
    serverMetadata: () => inner.serverMetadata(),
    isModelReady: (name, version) => inner.isModelReady(modelOf(name), version),
    isModelLoaded: name => inner.isModelLoaded(modelOf(name)),
    modelMetadata: (name, version, signal) => inner.modelMetadata(modelOf(name), version, signal),
    statistics: (name, version) => inner.statistics(name === undefined ? name : modelOf(name), version),
    async infer(request, call) {
      const { modelName } = request
      for (let attempt = 1; ; attempt++) {
        const id = targetOf(modelName, call.headers)
        try {
          return await inner.infer({ ...request, modelName: id }, new MeshCall(call, id))
        } catch (error) {
          askAgain(error, id, modelName, call, attempt)
        }
      }
    },
    async *inferStream(target, requests, call) {
      let isBegun = false
      const noted = async function* (): AsyncIterable<InferenceRequest> {
        isBegun = true
        yield* requests
      }
      for (let attempt = 1; ; attempt++) {
        const modelName = targetOf(target.modelName, call.headers)
        try {
          yield* inner.inferStream({ ...target, modelName }, noted(), new MeshCall(call, modelName))
          return
        } catch (error) {
          // What has been read of the requests is lost to another model.
          askAgain(error, modelName, target.modelName, call, isBegun ? MAX_ATTEMPTS : attempt)
        }
      }
    },
    routes: () => inner.routes(),
    callRoute: (target, request, call) =>
      inner.callRoute(target, request, new MeshCall(call, target.modelName)),
  }
}

/** How a request fails whose model goes while it waits for it. */
const GONE: ReadonlySet<string> = new Set(['NOT_FOUND', 'UNAVAILABLE', 'CANCELLED'])

/** @throws ServingError NOT_FOUND */
export function aliasNamed(mesh: MeshNames, id: string): Alias {
  const alias = mesh.alias(id)
  if (alias === undefined) throw new ServingError('NOT_FOUND', `vmodel not found: '${id}'`)
  return alias
}

function onlyId(headers: Call['headers']): { readonly kind: 'model' | 'alias'; readonly id: string } {
  const { kind, ids } = idsOfHeaders(headers)
  if (ids.length === 1) return { kind, id: ids[0]! }
  throw new ServingError(
    'INVALID_ARGUMENT',
    `metadata names ${ids.length} models; a stream and a request over HTTP can be asked of one`,
  )
}
