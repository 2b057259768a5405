import { randomUUID } from 'node:crypto'
import { ServingError } from '@millrace/sdk'
import type { MonitoringMethod } from '../grpc-method.ts'
import type { KnownVersions } from '../known-versions.ts'
import type { WatchedRequest } from '../records/kept-record.ts'
import { autoOdMethods } from './auto-od-methods.ts'
import { readExecution } from './read-execution.ts'

interface MethodParts {
  readonly versions: KnownVersions
  /** @throws ServingError RESOURCE_EXHAUSTED for one that is left out */
  readonly take: (request: WatchedRequest) => void
}

const SERVICES = {
  G2: '/hydrosphere.monitoring.MonitoringService',
  G3: '/hydrosphere.monitoring.sonar.MonitoringService',
} as const
const EMPTY = new Uint8Array(0)

/** `Analyze` of both generations, by which programs tell of models that run elsewhere, and what comes of outlier detectors. */
export function monitoringMethods({ versions, take }: MethodParts): ReadonlyMap<string, MonitoringMethod> {
  const analyze = (generation: 'G2' | 'G3'): MonitoringMethod => ({
    kind: 'unary',
    async handle(message) {
      const told = readExecution(message, generation)
      const { modelVersionId, requestId, servableName, latencyMs, application, inputs, outcome } = told
      const version = modelVersionId === 0 ? undefined : await versions.get(modelVersionId)
      if (version === undefined) {
        throw new ServingError('NOT_FOUND', `Can't find a model version with id ${modelVersionId}`)
      }
      checkLengths({ request_id: requestId, servable_name: servableName, ...namesOf(application) })
      take({
        requestId: requestId === '' ? randomUUID() : requestId,
        application,
        servable: {
          name: servableName,
          modelName: version.modelName,
          modelVersion: version.version,
          modelVersionId,
          signature: version.signature,
        },
        latencyMs,
        inputs,
        outcome,
      })
      return EMPTY
    },
  })
  return new Map([
    [`${SERVICES.G2}/Analyze`, analyze('G2')],
    [`${SERVICES.G3}/Analyze`, analyze('G3')],
    ...autoOdMethods(versions),
  ])
}

const NAME_LENGTH_MAX = 256

function namesOf(application: { readonly name: string; readonly stage: string } | undefined) {
  return application === undefined ? {} : { application_name: application.name, stage_id: application.stage }
}

/** @throws ServingError INVALID_ARGUMENT for a name that is too long */
function checkLengths(names: Readonly<Record<string, string>>): void {
  for (const [field, { length }] of Object.entries(names)) {
    if (length <= NAME_LENGTH_MAX) continue
    throw new ServingError(
      'INVALID_ARGUMENT',
      `${field} has ${length} characters; ${NAME_LENGTH_MAX} are the limit`,
    )
  }
}
