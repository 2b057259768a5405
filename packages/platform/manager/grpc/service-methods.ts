import { ServingError } from '@millrace/sdk'
import { loadHydrosphereG3 } from '@millrace/sdk/protocol'
import type { ServableRecord, StringMap } from '../../store/index.ts'
import { allPages } from '../all-pages.ts'
import type { ManagerMethod } from '../grpc-method.ts'
import type { ManagerParts } from '../manager-parts.ts'
import type { DeployRequest, ServableRegistry } from '../servables/servable-registry.ts'
import { servableEntities } from './entities.ts'
import { createLatest } from './latest-events.ts'
import type { ManagerProtocol } from './manager-protocol.ts'
import { readMessage, toId } from './read-message.ts'

// What is asked is the same message in both generations; what is answered is not.
const {
  manager: {
    DeployServableRequestSchema,
    GetServablesRequestSchema,
    GetVersionRequestSchema,
    RemoveServableRequestSchema,
  },
} = await loadHydrosphereG3()

/** The manager's own service, in one generation. */
export function serviceMethods(
  { store, events, signal }: Pick<ManagerParts, 'store' | 'events' | 'signal'>,
  servables: ServableRegistry,
  { managerService, encodeServable, encodeVersion }: ManagerProtocol,
): readonly (readonly [path: string, method: ManagerMethod])[] {
  const encode = async (records: readonly ServableRecord[]) =>
    (await servableEntities(store, records)).map(encodeServable)
  return [
    [
      `${managerService}/GetAllVersions`,
      answerMany(async function* () {
        for (const version of await allPages(page => store.modelVersions.list(page)))
          yield encodeVersion(version)
      }),
    ],
    [
      `${managerService}/GetVersion`,
      {
        kind: 'unary',
        async handle(message) {
          const { id } = readMessage(GetVersionRequestSchema, message)
          const version = await store.modelVersions.get(toId(id))
          if (version !== undefined) return encodeVersion(version)
          throw new ServingError('NOT_FOUND', `Can't find modelversion id ${id}`)
        },
      },
    ],
    [
      `${managerService}/DeployServable`,
      answerMany(async function* (message, call) {
        const request = readDeploy(message)
        const ended = AbortSignal.any([call.signal, signal])
        // Listening begins before there is anything to be heard.
        const latest = createLatest<ServableRecord | undefined>(ended)
        let fullName: string | undefined
        const stop = events.onAny(event => {
          if (event.type === 'ServableUpdate') latest.set(event.servable.fullName, event.servable)
          else if (event.type === 'ServableRemove' && event.fullName === fullName)
            latest.set(fullName, undefined)
        })
        try {
          const deployed = await servables.deploy(request)
          fullName = deployed.fullName
          yield* await encode([deployed])
          for (let revision = deployed.revision; ; ) {
            const changes = await latest.take(MANY)
            if (changes === undefined) throw new ServingError('UNAVAILABLE', 'the manager is closing')
            for (const [name, servable] of changes) {
              if (name !== fullName) continue
              if (servable === undefined) return
              if (servable.revision <= revision) continue
              revision = servable.revision
              yield* await encode([servable])
              if (servable.status !== 'Starting') return
            }
          }
        } finally {
          stop()
        }
      }),
    ],
    [
      `${managerService}/GetServables`,
      answerMany(async function* (message) {
        const { filter } = readMessage(GetServablesRequestSchema, message)
        const versionId = filter?.versionId
        const records = await allPages(page =>
          store.servables.list({
            ...page,
            versionId: versionId === undefined ? undefined : toId(versionId),
            fullNames: filter?.name === undefined ? undefined : [filter.name],
          }),
        )
        const wanted: StringMap = filter?.metadata ?? {}
        yield* await encode(
          records.filter(({ metadata }) =>
            Object.entries(wanted).every(([key, value]) => metadata[key] === value),
          ),
        )
      }),
    ],
    [
      `${managerService}/RemoveServable`,
      {
        kind: 'unary',
        async handle(message) {
          const { servableName } = readMessage(RemoveServableRequestSchema, message)
          const servable = await servables.get(servableName)
          const [entity] = await servableEntities(store, [servable])
          const removed = await servables.remove(servableName)
          return encodeServable({ ...entity!, record: removed })
        },
      },
    ],
  ]
}

const MANY = 1_000

/** One message in, several out. */
function answerMany(
  answer: (message: Uint8Array, call: { readonly signal: AbortSignal }) => AsyncIterable<Uint8Array>,
): ManagerMethod {
  return {
    kind: 'stream',
    async *handle(messages, call) {
      for await (const message of messages) {
        yield* answer(message, call)
        return
      }
    },
  }
}

function readDeploy(message: Uint8Array): DeployRequest {
  const { modelVersion, metadata, deploymentConfigName } = readMessage(DeployServableRequestSchema, message)
  const rest = { metadata, deploymentConfiguration: deploymentConfigName }
  switch (modelVersion.case) {
    case 'versionId':
      return { version: toId(modelVersion.value), ...rest }
    case 'fullname': {
      const { name, version } = modelVersion.value
      return { version: { modelName: name, version: toId(version) }, ...rest }
    }
    default:
      throw new ServingError('INVALID_ARGUMENT', 'model_version is missing; give version_id or fullname')
  }
}
