import { ServingError } from '@millrace/sdk'
import type {
  FieldView,
  ManagerClient,
  MetricSpecificationView,
  ModelVersionView,
  ServableView,
  SignatureView,
} from '@millrace/sdk/client'
import type { Kind } from './kinds.ts'
import { findModel, versionNames } from './read-kind.ts'
import { toVersionName } from './version-name.ts'

/**
 * Everything of one thing, in the order and words in which people read it.
 *
 * Rejects NOT_FOUND for a name that is not there.
 */
export function describeKind(manager: ManagerClient, kind: Kind, name: string): Promise<object> {
  return DESCRIPTIONS[kind](manager, name)
}

type Describe = (manager: ManagerClient, name: string) => Promise<object>

const DESCRIPTIONS: Readonly<Record<Kind, Describe>> = {
  async models(manager, name) {
    const model = await findModel(manager, name)
    const versions = (await manager.versions.list()).filter(version => version.model.id === model.id)
    return {
      name: model.name,
      id: model.id,
      versions: versions.map(({ modelVersion, status, created, applications }) => ({
        version: modelVersion,
        status,
        created,
        applications,
      })),
    }
  },

  async versions(manager, name) {
    const { modelName, version: number } = toVersionName(name)
    const [version, versions] = await Promise.all([
      manager.versions.get(modelName, number),
      manager.versions.list(),
    ])
    const [metrics, servables] = await Promise.all([metricsOf(manager, version.id), manager.servables.list()])
    return describeVersion(version, versionNames(versions), metrics, servables)
  },

  async applications(manager, name) {
    const [application, versions, servables] = await Promise.all([
      manager.applications.get(name),
      manager.versions.list(),
      manager.servables.list(),
    ])
    const nameOf = versionNames(versions)
    const states = new Map(servables.map(servable => [servable.fullName, servable]))
    const { id, status, message, metadata, signature, executionGraph } = application
    return {
      name,
      id,
      status,
      message,
      metadata,
      signature: signature && describeSignature(signature),
      stages: executionGraph.stages.map(({ modelVariants }) => ({
        variants: modelVariants.map(variant => ({
          version: nameOf(variant.modelVersionId),
          weight: variant.weight === 0 ? '0 % (shadow: asked, never answers)' : `${variant.weight} %`,
          servable: variant.servableName,
          status: variant.servableName && states.get(variant.servableName)?.status,
          'deployment configuration': variant.deploymentConfigurationName,
        })),
      })),
    }
  },

  async servables(manager, name) {
    const [servable, versions] = await Promise.all([manager.servables.get(name), manager.versions.list()])
    return {
      name: servable.fullName,
      status: servable.status,
      message: servable.statusMessage,
      version: versionNames(versions)(servable.modelVersionId),
      'deployment configuration': servable.deploymentConfigurationName,
      metadata: servable.metadata,
    }
  },

  'deployment-configurations': (manager, name) => manager.deploymentConfigurations.get(name),

  async runtimes(manager, name) {
    const runtimes = await manager.runtimes.list()
    const runtime = runtimes.find(one => name === one.name || name === `${one.name}:${one.version}`)
    if (runtime !== undefined) return runtime
    throw new ServingError(
      'NOT_FOUND',
      `there is no runtime ${name}; millrace get runtimes shows those there are`,
    )
  },
}

function describeVersion(
  version: ModelVersionView,
  nameOf: (id: number) => string,
  metrics: readonly MetricSpecificationView[],
  servables: readonly ServableView[],
): object {
  const { id, status, statusMessage, created, finished, runtime, image, installCommand, metadata } = version
  return {
    name: `${version.model.name}:${version.modelVersion}`,
    id,
    status: version.isExternal === true ? 'External' : status,
    message: statusMessage,
    created,
    finished,
    runtime: runtime && `${runtime.name}:${runtime.tag}`,
    image: image && `${image.name}:${image.tag}`,
    'install command': installCommand,
    signature: describeSignature(version.modelSignature),
    metadata,
    applications: version.applications,
    servables: servables
      .filter(({ modelVersionId }) => modelVersionId === id)
      .map(({ fullName, status }) => `${fullName} (${status})`),
    metrics: metrics.map(
      ({ name, config }) =>
        `${name}: ${nameOf(config.modelVersionId)} ${config.thresholdCmpOperator.kind} ${config.threshold}`,
    ),
  }
}

/** Servers without monitoring have no metrics. */
async function metricsOf(
  manager: ManagerClient,
  versionId: number,
): Promise<readonly MetricSpecificationView[]> {
  try {
    return await manager.metricSpecifications.ofVersion(versionId)
  } catch (error) {
    if (ServingError.is(error) && ['NOT_FOUND', 'UNIMPLEMENTED'].includes(error.code)) return []
    throw error
  }
}

function describeSignature({ signatureName, inputs, outputs }: SignatureView): object {
  return { name: signatureName, inputs: inputs.map(describeField), outputs: outputs.map(describeField) }
}

function describeField({ name, dtype, shape, profile, subfields }: FieldView): string {
  const shapeText =
    shape === undefined ? 'any shape' : shape.dims.length === 0 ? 'scalar' : `[${shape.dims.join(', ')}]`
  const type = subfields === undefined ? dtype : `{ ${subfields.map(describeField).join('; ')} }`
  const profileText = profile === undefined || profile === 'NONE' ? '' : ` ${profile}`
  return `${name}: ${type} ${shapeText}${profileText}`
}
