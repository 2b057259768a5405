import swagger from '@fastify/swagger'
import type { Logger } from '@millrace/sdk'
import { type FastifyInstance, fastify } from 'fastify'
import { answerV1, answerV2, toShownError } from './error-answer.ts'
import { listenToRoutes } from './known-routes.ts'

export interface HttpAppOptions {
  readonly log: Logger
  /** Shown in the OpenAPI document. */
  readonly version: string
}

/** Of JSON; uploads have limits of their own. */
const BODY_BYTES_MAX = 4 * 1024 * 1024

/**
 * The HTTP application that routes are added to: errors, CORS and the OpenAPI document are there. It listens nowhere.
 *
 * Handlers answer with the value that is to be written as JSON; `undefined` members are left out, so that absent values
 * of version 2 must be `null`.
 */
export async function createHttpApp({ log, version }: HttpAppOptions): Promise<FastifyInstance> {
  const app = fastify({
    bodyLimit: BODY_BYTES_MAX,
    // Names of applications may be long, and come percent-encoded.
    routerOptions: { maxParamLength: 1_000 },
    return503OnClosing: false,
    forceCloseConnections: false,
    // What is wrong is said, not mended: a version '1' that should be 1 hides a mistake elsewhere.
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, allErrors: false } },
  })
  const known = listenToRoutes(app)
  app.addHook('onRequest', async (request, reply) => {
    void reply.header('access-control-allow-origin', '*')
    if (request.method !== 'OPTIONS') return
    void reply
      .header('access-control-allow-methods', 'GET, POST, HEAD, OPTIONS, PUT, DELETE')
      .header('access-control-allow-headers', request.headers['access-control-request-headers'] ?? '*')
      .header('access-control-max-age', '600')
    await reply.code(200).send('')
  })
  app.setErrorHandler((thrown, request, reply) => {
    const error = toShownError(thrown, log)
    const { status, body } = isV1(request.url) ? answerV1(error) : answerV2(error)
    if (error.retryAfterMs !== undefined) {
      void reply.header('retry-after', Math.ceil(error.retryAfterMs / 1_000))
    }
    return reply.code(status).send(body)
  })
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0]!
    const methods = known.methodsOf(path)
    if (methods.length === 0) {
      return reply.code(404).send({ message: `There is nothing at ${path}`, error: 'NotFound' })
    }
    const allowed = methods.join(', ')
    return reply
      .code(405)
      .header('allow', allowed)
      .send({
        message: `${request.method} is not allowed at ${path}; allowed: ${allowed}`,
        error: 'InvalidRequest',
      })
  })
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Millrace manager',
        description: 'Models, versions, servables, applications and what belongs to them.',
        version,
      },
    },
  })
  return app
}

function isV1(url: string): boolean {
  return url.startsWith('/api/v1/')
}
