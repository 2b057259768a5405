import { ServingError } from '@millrace/sdk'
import type { FastifyInstance } from 'fastify'

/** Parts of the original platform that this one does not have, by the path that led to them. */
const PARTS: Readonly<Record<string, string>> = {
  rootcause: 'Explanations of single predictions',
  visualization: 'Projections of embeddings',
}
/** Parts that others may bring. */
const BROUGHT: Readonly<Record<string, string>> = {
  stat: 'The drift report',
  monitoring: 'Monitoring',
}

/** Says of what is not there that it is not there. */
export function unsupportedRoutes(
  app: FastifyInstance,
  { hasMonitoring }: { readonly hasMonitoring: boolean },
): void {
  for (const [part, what] of Object.entries({ ...PARTS, ...(hasMonitoring ? {} : BROUGHT) })) {
    app.get(`/${part}/buildinfo`, { schema: { hide: true } }, () => ({
      name: part,
      status: 'Not supported',
    }))
    app.all(`/${part}/*`, { schema: { hide: true } }, request => {
      throw new ServingError(
        'UNIMPLEMENTED',
        `${what} is not supported: there is nothing behind ${request.url.split('?', 1)[0]}`,
      )
    })
  }
}
