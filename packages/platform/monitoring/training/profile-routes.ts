import { ServingError } from '@millrace/sdk'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { readNumber, readVersionId } from '../http/read-number.ts'
import type { DataProfiles } from '../profiles/data-profiles.ts'
import { readObjectAddress } from './object-address.ts'
import type { TrainingData } from './training-data.ts'

export interface ProfileRouteParts {
  readonly profiles: Pick<DataProfiles, 'names' | 'view'>
  readonly training: TrainingData
}

interface OfVersion {
  readonly Params: { readonly versionId: string }
}

const tags = ['monitoring']
const WAIT_S_MAX = 60
const BATCH = '/monitoring/profiles/batch/:versionId'

/** Training data in, profiles out. Errors are the caller's to show. */
export function profileRoutes(app: FastifyInstance, { profiles, training }: ProfileRouteParts): void {
  void app.register(async scope => uploadRoute(scope, training))
  app.post<OfVersion>(
    `${BATCH}/s3`,
    {
      schema: {
        tags,
        summary: 'Names training data for the platform to read',
        description: '{"path": "s3://bucket/key.csv"}. Answers at once; the status says how it went.',
      },
    },
    async ({ params, body }) => {
      await training.uploadFrom(readVersionId(params.versionId), readObjectAddress(body))
      return JSON.stringify('ok')
    },
  )
  app.get<OfVersion & { readonly Querystring: { readonly wait?: string } }>(
    `${BATCH}/status`,
    {
      schema: {
        tags,
        summary: 'How the training data that was handed in last is',
        description:
          'kind is Processing, Success, Failure or NotRegistered; message says why, or what was left out. With ?wait=SECONDS ' +
          'the answer comes when processing is over, or when so much time has passed.',
      },
    },
    async ({ params, query: { wait }, raw }) => {
      const id = readVersionId(params.versionId)
      if (wait === undefined) return training.status(id)
      const seconds = readNumber(wait, 'wait', { least: 0, most: WAIT_S_MAX })
      const left = new AbortController()
      const leave = () => left.abort()
      raw.socket.once('close', leave)
      try {
        return await training.status(id, AbortSignal.any([left.signal, AbortSignal.timeout(seconds * 1000)]))
      } finally {
        raw.socket.off('close', leave)
      }
    },
  )
  app.get<{ Querystring: { readonly modelVersionId?: string } }>(
    '/monitoring/training_data',
    { schema: { tags, summary: 'Where the training data of a version lies' } },
    async ({ query }) => {
      if (query.modelVersionId === undefined) {
        throw new ServingError('INVALID_ARGUMENT', "'modelVersionId' is missing")
      }
      return training.paths(readVersionId(query.modelVersionId))
    },
  )
  app.get<{ Params: { readonly versionId: string; readonly field: string } }>(
    '/monitoring/profiles/:versionId/:field',
    { schema: { tags, summary: 'A profile of training data and of production, each null if there is none' } },
    async ({ params }) => profiles.view(readVersionId(params.versionId), params.field),
  )
  app.get<OfVersion>(
    '/monitoring/fields/:versionId',
    { schema: { tags, summary: 'Names of the profiles of a version' } },
    async ({ params }) => profiles.names(readVersionId(params.versionId)),
  )
}

/** Takes bytes of any content type as they come. */
function uploadRoute(scope: FastifyInstance, training: TrainingData): void {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
  scope.post<OfVersion>(
    BATCH,
    {
      schema: {
        tags,
        summary: 'Takes training data as CSV; its profiles are made behind the answer',
        description:
          'The first line names the columns. Answers when all of it has come; the status says how it went.',
      },
    },
    async (request, reply) => {
      // A refused upload is not read to its end.
      void reply.header('connection', 'close')
      const { signal, release } = senderSignal(request)
      // The request stays whole, so that a refusal can be answered.
      const bytes: AsyncIterable<Uint8Array> = request.raw.iterator({ destroyOnReturn: false })
      try {
        await training.upload(readVersionId(request.params.versionId), bytes, signal)
        void reply.removeHeader('connection').type('application/json; charset=utf-8')
        return JSON.stringify('ok')
      } finally {
        release()
      }
    },
  )
}

/** Aborted when the client leaves before it has sent everything. */
function senderSignal({ raw }: FastifyRequest<OfVersion>) {
  const left = new AbortController()
  const onClose = () => {
    if (!raw.complete)
      left.abort(new ServingError('CANCELLED', 'the client has left before all of it had come'))
  }
  raw.once('close', onClose)
  return { signal: left.signal, release: () => void raw.off('close', onClose) }
}
