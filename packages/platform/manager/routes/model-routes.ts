import { ServingError } from '@millrace/sdk'
import { allPages } from '../all-pages.ts'
import { readPathNumber } from '../http/path-number.ts'
import type { AddRoutes } from '../manager-parts.ts'
import { listVersionViews, viewVersion } from '../models/list-versions.ts'

const tags = ['models']

/** Models and their versions: lists, one, and deleting a model. */
export const modelRoutes: AddRoutes = (app, { store }) => {
  app.get('/api/v2/model', { schema: { tags, summary: 'All models' } }, async () => {
    const models = await allPages(page => store.models.list(page))
    return models.map(({ id, name }) => ({ id, name }))
  })

  app.get<{ Params: { id: string } }>(
    '/api/v2/model/:id',
    { schema: { tags, summary: 'One model' } },
    async ({ params }) => {
      const id = readPathNumber(params.id, 'model id')
      const model = await store.models.get(id)
      if (model === undefined) throw new ServingError('NOT_FOUND', `Can't find a model with id ${id}`)
      return { id, name: model.name }
    },
  )

  app.delete<{ Params: { id: string } }>(
    '/api/v2/model/:id',
    { schema: { tags, summary: 'Deletes a model with all its versions, unless one is used' } },
    async ({ params }) => {
      const { id, name } = await store.models.delete(readPathNumber(params.id, 'model id'))
      return { id, name }
    },
  )

  app.get('/api/v2/model/version', { schema: { tags, summary: 'All versions of all models' } }, () =>
    listVersionViews(store),
  )

  app.get<{ Params: { name: string; version: string } }>(
    '/api/v2/model/version/:name/:version',
    { schema: { tags, summary: 'One version of a model' } },
    async ({ params: { name, version } }) => {
      const number = readPathNumber(version, 'version')
      const found = await store.modelVersions.find(name, number)
      if (found === undefined) {
        throw new ServingError('NOT_FOUND', `Can't find a model version with name=${name}, version=${number}`)
      }
      return viewVersion(store, found)
    },
  )
}
