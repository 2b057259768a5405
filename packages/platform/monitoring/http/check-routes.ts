import { ServingError } from '@millrace/sdk'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { ModelVersionRecord, Store } from '../../store/index.ts'
import type { KnownVersions } from '../known-versions.ts'
import { aggregateView, checkJson, checksJson, toSeconds } from './check-views.ts'
import { readNumber, readVersionId } from './read-number.ts'
import { fromWireId, isWireId } from './wire-ids.ts'

type Query = Readonly<Record<string, string | undefined>>

interface OfVersion {
  readonly Params: { readonly versionId: string }
  readonly Querystring: Query
}

const CHECKS_MAX = 1_000
const CHECKS_DEFAULT = 100
const AGGREGATES_DEFAULT = 100
const AGGREGATES_MAX = 1_000
const OFFSET_MAX = 1_000_000_000
const SECONDS_MAX = 253_402_300_799
const tags = ['monitoring']

/** What was found in requests, one by one and in batches. */
export function checkRoutes(
  app: FastifyInstance,
  store: Pick<Store, 'checks'>,
  versions: KnownVersions,
): void {
  const { checks } = store
  const path = '/monitoring/checks'
  const found = async (text: string): Promise<ModelVersionRecord> => {
    const id = readVersionId(text)
    const version = await versions.get(id)
    if (version !== undefined) return version
    throw new ServingError('NOT_FOUND', `Can't find a model version with id ${id}`)
  }

  app.get<OfVersion>(
    `${path}/all/:versionId`,
    { schema: { tags, summary: 'Checks of a version, newest first' } },
    async ({ params, query }, reply) => {
      const { id } = await found(params.versionId)
      return sendJson(reply, checksJson(await checks.list(id, readPage(query, CHECKS_DEFAULT, CHECKS_MAX))))
    },
  )
  app.get<OfVersion>(
    `${path}/aggregates/:versionId`,
    { schema: { tags, summary: 'Batches of a version, newest first' } },
    async ({ params, query }) => {
      const { id, modelName } = await found(params.versionId)
      const page = readPage(query, AGGREGATES_DEFAULT, AGGREGATES_MAX)
      const from = readSeconds(query, 'from')
      const till = readSeconds(query, 'till', 999)
      const { count, firstAt, lastAt, aggregates } = await checks.aggregates(id, { ...page, from, till })
      return {
        count,
        minDate: toSeconds(firstAt),
        maxDate: toSeconds(lastAt),
        results: aggregates.map(aggregate => aggregateView(aggregate, modelName)),
      }
    },
  )
  app.get<OfVersion>(
    `${path}/subsample/:versionId`,
    { schema: { tags, summary: 'Some checks of a version, drawn by chance' } },
    async ({ params, query }, reply) => {
      const { id } = await found(params.versionId)
      const size = readOptional(query, 'size', CHECKS_DEFAULT, { least: 1, most: CHECKS_MAX })
      return sendJson(reply, checksJson(await checks.sample(id, size)))
    },
  )
  app.get<{ Params: { versionId: string; aggregateId: string; otherVersionId: string } }>(
    // The spelling is that of its clients.
    `${path}/comparision/:versionId/:aggregateId/:otherVersionId`,
    { schema: { tags, summary: "Another version's checks of the requests of a batch" } },
    async ({ params }, reply) => {
      const [one, other] = [await found(params.versionId), await found(params.otherVersionId)]
      const aggregate = fromWireId(params.aggregateId, 'batch id')
      return sendJson(reply, checksJson(await checks.sameRequests(one.id, aggregate, other.id)))
    },
  )
  app.get<{ Params: { versionId: string; aggregateId: string } }>(
    '/monitoring/slow/checks/:versionId/:aggregateId',
    { schema: { tags, summary: 'All checks of a batch' } },
    async ({ params }, reply) => {
      const { id } = await found(params.versionId)
      const aggregate = fromWireId(params.aggregateId, 'batch id')
      return sendJson(reply, checksJson(await checks.inAggregate(id, aggregate)))
    },
  )
  app.get<{ Params: { id: string }; Querystring: Query }>(
    `${path}/:id`,
    {
      schema: {
        tags,
        summary: 'One check by its id; or with from and to, the checks of a version between two ids',
      },
    },
    async ({ params, query }, reply) => {
      if (isWireId(params.id)) {
        const check = await checks.get(fromWireId(params.id, 'check id'))
        return sendJson(reply, check === undefined ? 'null' : checkJson(check))
      }
      const { id } = await found(params.id)
      const [from, to] = [readCheckId(query, 'from'), readCheckId(query, 'to')]
      return sendJson(reply, checksJson(await checks.between(id, from, to)))
    },
  )
}

function sendJson(reply: FastifyReply, json: string): FastifyReply {
  return reply.type('application/json; charset=utf-8').send(json)
}

function readPage(query: Query, defaultLimit: number, most: number) {
  return {
    limit: readOptional(query, 'limit', defaultLimit, { least: 1, most }),
    offset: readOptional(query, 'offset', 0, { least: 0, most: OFFSET_MAX }),
  }
}

function readOptional(
  query: Query,
  name: string,
  otherwise: number,
  range: { readonly least: number; readonly most: number },
): number {
  const text = query[name]
  return text === undefined ? otherwise : readNumber(text, name, range)
}

/** @param restMs of the second that is named, how much still belongs to it */
function readSeconds(query: Query, name: string, restMs = 0): Date | undefined {
  const text = query[name]
  if (text === undefined) return undefined
  return new Date(readNumber(text, name, { least: 0, most: SECONDS_MAX }) * 1000 + restMs)
}

function readCheckId(query: Query, name: string): number {
  const text = query[name]
  if (text !== undefined) return fromWireId(text, name)
  throw new ServingError(
    'INVALID_ARGUMENT',
    `'${name}' is missing: give the first and the last id of a batch`,
  )
}
