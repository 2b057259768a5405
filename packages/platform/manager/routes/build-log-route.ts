import { readPathNumber } from '../http/path-number.ts'
import { lastEventId, streamEvents } from '../http/server-sent-events.ts'
import type { AddRoutes } from '../manager-parts.ts'

const HEARTBEAT_MS = 15_000

/** The log of a build, while it is made and afterwards. */
export const buildLogRoute: AddRoutes = (app, { store, signal, log }) => {
  app.get<{ Params: { id: string } }>(
    '/api/v2/model/version/:id/logs',
    {
      schema: {
        tags: ['models'],
        summary:
          'The build log as server-sent events: Log with an index from 0 as id, at the end EndOfStream',
        produces: ['text/event-stream'],
      },
    },
    async (request, reply) => {
      const id = readPathNumber(request.params.id, 'model version id')
      const last = lastEventId(request)
      const from = last === undefined ? 0 : last + 1
      // Before the answer begins: a version without a log is not found.
      await store.buildLogs.read(id, from)
      await streamEvents(reply, { heartbeatMs: HEARTBEAT_MS, signal, log }, async stream => {
        for await (const { index, line } of store.buildLogs.follow(id, from, stream.signal)) {
          await stream.send({ event: 'Log', id: index, data: line })
        }
        await stream.send({ event: 'EndOfStream', data: '' })
      })
    },
  )
}
