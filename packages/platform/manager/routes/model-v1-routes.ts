import { ServingError } from '@millrace/sdk'
import type { AddRoutes } from '../manager-parts.ts'

/** What version 2 has in place of a part of version 1. */
const SUCCESSORS: Readonly<Record<string, string>> = {
  model: 'GET /api/v2/model, GET /api/v2/model/version, POST /api/v2/model/upload',
  applications: 'GET, POST and PUT /api/v2/application',
  service: 'GET and POST /api/v2/servable',
  environment: 'GET and POST /api/v2/deployment_configuration',
}

/** Of version 1 only runtimes and inference are offered; the rest says so, and where to go. */
export const modelV1Routes: AddRoutes = app => {
  app.all('/api/v1/*', { schema: { hide: true } }, ({ method, url }) => {
    const path = url.split('?', 1)[0]!
    const successor = SUCCESSORS[path.split('/')[3] ?? '']
    throw new ServingError(
      'UNIMPLEMENTED',
      `${method} ${path} of version 1 is not supported; ${successor === undefined ? 'see /swagger' : `use ${successor}`}`,
    )
  })
}
