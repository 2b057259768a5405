import { ServingError } from '@millrace/sdk'
import type { ModelCache, ModelMesh } from '../../cache/index.ts'
import type { HttpHandler, HttpRequest, HttpResponse, HttpRoute } from '../../transport/index.ts'
import { listPage } from './list-page.ts'
import { aliasView, JsonMembers, modelView, statusView } from './mesh-views.ts'

/** The mesh over REST: the same as `mmesh.ModelMesh`, and what that cannot say: pins, the budget, lists. */
export function modelMeshRoutes(mesh: ModelMesh, cache: ModelCache): readonly HttpRoute[] {
  const status = (id: string) => statusView(mesh.modelStatus(id))
  const knownModel = (http: HttpRequest) => {
    const id = http.params['model']!
    if (mesh.isKnown(id)) return id
    throw new ServingError('NOT_FOUND', `model not found: '${id}'`)
  }
  const pin =
    (isPinned: boolean): HttpHandler =>
    async http => {
      await http.body()
      const id = knownModel(http)
      cache.setPinned(id, isPinned)
      return json(modelView(mesh, cache.modelOf(id)))
    }
  const overview: HttpHandler = () => json(overviewOf(mesh, cache))

  return [
    { method: 'GET', path: '/v2/mesh', handle: overview },
    {
      method: 'PATCH',
      path: '/v2/mesh',
      async handle(http) {
        const body = await JsonMembers.of(http)
        const bytes = body.count('budget_bytes')
        body.end()
        if (bytes === 0)
          throw new ServingError('INVALID_ARGUMENT', "'budget_bytes' must be a number of bytes of at least 1")
        cache.setBudget(bytes)
        return json(overviewOf(mesh, cache))
      },
    },
    {
      method: 'GET',
      path: '/v2/mesh/models',
      handle({ query }) {
        const { ids, next } = listPage(modelIds(mesh, cache), query)
        return json({ models: ids.map(id => modelView(mesh, cache.modelOf(id))), next })
      },
    },
    {
      method: 'GET',
      path: '/v2/mesh/models/:model',
      handle(http) {
        const id = knownModel(http)
        return json({ ...modelView(mesh, cache.modelOf(id)), ...status(id) })
      },
    },
    {
      method: 'PUT',
      path: '/v2/mesh/models/:model',
      // It may be waited for that it is loaded.
      hasOwnTimeLimit: true,
      async handle(http) {
        const body = await JsonMembers.of(http)
        const wish = {
          id: http.params['model']!,
          info: { type: body.text('type'), path: body.text('path'), key: body.text('key') },
          loadsNow: body.flag('load_now'),
          isSync: body.flag('sync'),
          lastUsedMs: body.count('last_used_ms'),
          signal: http.signal,
        }
        body.end()
        return json(statusView(await mesh.registerModel(wish)))
      },
    },
    {
      method: 'DELETE',
      path: '/v2/mesh/models/:model',
      async handle(http) {
        await mesh.unregisterModel(http.params['model']!)
        return json({})
      },
    },
    {
      method: 'POST',
      path: '/v2/mesh/models/:model/load',
      hasOwnTimeLimit: true,
      async handle(http) {
        const body = await JsonMembers.of(http)
        const wish = {
          isSync: body.flag('sync'),
          lastUsedMs: body.count('last_used_ms'),
          signal: http.signal,
        }
        body.end()
        return json(statusView(await mesh.ensureLoaded(knownModel(http), wish)))
      },
    },
    { method: 'PUT', path: '/v2/mesh/models/:model/pin', handle: pin(true) },
    { method: 'DELETE', path: '/v2/mesh/models/:model/pin', handle: pin(false) },
    {
      method: 'GET',
      path: '/v2/mesh/aliases',
      handle({ query }) {
        const { ids, next } = listPage(
          Array.from(mesh.aliases(), ({ id }) => id),
          query,
        )
        return json({ aliases: ids.map(id => aliasView(id, mesh.aliasStatus(id, ''))), next })
      },
    },
    {
      method: 'GET',
      path: '/v2/mesh/aliases/:alias',
      async handle(http) {
        const id = http.params['alias']!
        const found = mesh.aliasStatus(id, http.query.get('owner') ?? '')
        if (found.status === 'NOT_FOUND') throw new ServingError('NOT_FOUND', `vmodel not found: '${id}'`)
        return json(aliasView(id, found))
      },
    },
    {
      method: 'PUT',
      path: '/v2/mesh/aliases/:alias',
      hasOwnTimeLimit: true,
      handle: http => setAlias(mesh, http),
    },
    {
      method: 'DELETE',
      path: '/v2/mesh/aliases/:alias',
      async handle(http) {
        await mesh.deleteAlias(http.params['alias']!, http.query.get('owner') ?? '')
        return json({})
      },
    },
  ]
}

async function setAlias(mesh: ModelMesh, http: HttpRequest): Promise<HttpResponse> {
  const body = await JsonMembers.of(http)
  const id = http.params['alias']!
  const info = body.has('model') ? body.members('model') : undefined
  const wish = {
    id,
    info:
      info === undefined
        ? undefined
        : { type: info.text('type'), path: info.text('path'), key: info.text('key') },
    targetId: body.text('target_model'),
    isTargetAutoDeleted: body.flag('auto_delete_target_model'),
    isUpdateOnly: body.flag('update_only'),
    isForced: body.flag('force'),
    loadsNow: body.flag('load_now'),
    isSync: body.flag('sync'),
    expectedTargetId: body.text('expected_target_model'),
    owner: body.text('owner'),
    signal: http.signal,
  }
  info?.end()
  body.end()
  return json(aliasView(id, await mesh.setAlias(wish)))
}

/** What is registered, and what else the cache has; each once. */
function modelIds(mesh: ModelMesh, cache: ModelCache): Iterable<string> {
  const ids = new Set(Array.from(mesh.models(), ({ id }) => id))
  for (const { id } of cache.models()) ids.add(id)
  return ids
}

function overviewOf(mesh: ModelMesh, cache: ModelCache): object {
  const states: Record<string, number> = {}
  for (const { state } of cache.models()) states[state] = (states[state] ?? 0) + 1
  return {
    budget_bytes: cache.budgetBytes,
    used_bytes: cache.figures.usedBytes,
    registered_models: countOf(mesh.models()),
    aliases: countOf(mesh.aliases()),
    models_by_state: states,
  }
}

function countOf(items: Iterable<unknown>): number {
  let count = 0
  for (const _ of items) count++
  return count
}

function json(value: object): HttpResponse {
  return {
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify(value)),
  }
}
