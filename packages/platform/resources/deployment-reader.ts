import type {
  ContainerSettings,
  DeploymentSettings,
  PodSettings,
  ScalingSettings,
  StringMap,
  Toleration,
} from '../store/index.ts'
import type { DeploymentConfigurationResource, ResourceSource } from './resource.ts'
import { readStringMap } from './value-readers.ts'
import type { YamlValue } from './yaml-value.ts'

export const DEPLOYMENT_FIELDS: readonly string[] = ['kind', 'name', 'container', 'pod', 'deployment', 'hpa']

const REPLICAS_MAX = 100_000
const QUANTITY = /^[+-]?(\d+(\.\d*)?|\.\d+)([numkMGTPE]|[KMGTPE]i|[eE][+-]?\d+)?$/
const AFFINITIES = ['nodeAffinity', 'podAffinity', 'podAntiAffinity']
const TOLERATION_FIELDS = ['key', 'operator', 'value', 'effect', 'tolerationSeconds']
const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']

/** Reads a document of kind `DeploymentConfiguration`. What is wrong has been noted. */
export function readDeploymentConfiguration(
  _document: YamlValue,
  fields: ReadonlyMap<string, YamlValue>,
  name: string,
  source: ResourceSource,
): DeploymentConfigurationResource {
  return {
    kind: 'DeploymentConfiguration',
    name,
    source,
    settings: present<DeploymentSettings>({
      container: readContainer(fields.get('container')),
      pod: readPod(fields.get('pod')),
      deployment: readDeployment(fields.get('deployment')),
      hpa: readScaling(fields.get('hpa')),
    }),
  }
}

function readContainer(value: YamlValue | undefined): ContainerSettings | undefined {
  const fields = value?.fields(['resources', 'env'])
  if (fields === undefined) return undefined
  const resources = fields.get('resources')?.fields(['limits', 'requests'])
  return present<ContainerSettings>({
    resources:
      resources &&
      present<NonNullable<ContainerSettings['resources']>>({
        limits: readQuantities(resources.get('limits')),
        requests: readQuantities(resources.get('requests')),
      }),
    env: fields.has('env') ? readStringMap(fields.get('env'), 'an object of texts by name') : undefined,
  })
}

function readQuantities(value: YamlValue | undefined): StringMap | undefined {
  if (value === undefined) return undefined
  for (const quantity of value.entries()?.values() ?? []) {
    const text = quantity.scalar
    if (!QUANTITY.test(String(text))) {
      quantity.problem(`${quantity.found} is not a quantity such as 500m, 2 or 4Gi`)
    }
  }
  return readStringMap(value, 'an object of quantities by resource')
}

function readPod(value: YamlValue | undefined): PodSettings | undefined {
  const fields = value?.fields(['nodeSelector', 'affinity', 'tolerations'])
  if (fields === undefined) return undefined
  const affinity = fields.get('affinity')
  affinity?.fields(AFFINITIES)
  const tolerations = fields.get('tolerations')
  return present<PodSettings>({
    nodeSelector: fields.has('nodeSelector')
      ? readStringMap(fields.get('nodeSelector'), 'an object of labels')
      : undefined,
    affinity: affinity?.json() as Readonly<Record<string, unknown>> | undefined,
    tolerations: (tolerations?.items('a list of tolerations') ?? []).flatMap(
      item => readToleration(item) ?? [],
    ),
  })
}

function readToleration(value: YamlValue): Toleration | undefined {
  const fields = value.fields(TOLERATION_FIELDS, 'a toleration: an object')
  if (fields === undefined) return undefined
  const operator = fields.get('operator')?.text() ?? 'Equal'
  if (operator !== 'Equal' && operator !== 'Exists') {
    return fields
      .get('operator')!
      .problem(`'${operator}' is not an operator; the operators are Equal, Exists`)
  }
  const effect = fields.get('effect')?.text()
  if (effect !== undefined && !EFFECTS.includes(effect)) {
    return fields
      .get('effect')!
      .problem(`'${effect}' is not an effect; the effects are ${EFFECTS.join(', ')}`)
  }
  return present<Toleration>({
    key: fields.get('key')?.text(),
    operator,
    value: fields.get('value')?.scalarText(),
    effect,
    tolerationSeconds: fields.get('tolerationSeconds')?.integer(0),
  })
}

function readDeployment(value: YamlValue | undefined): { readonly replicaCount: number } | undefined {
  const fields = value?.fields(['replicaCount'])
  if (fields === undefined) return undefined
  const count = fields.get('replicaCount')
  return { replicaCount: count === undefined ? 1 : (count.integer(0, REPLICAS_MAX) ?? 1) }
}

function readScaling(value: YamlValue | undefined): ScalingSettings | undefined {
  const fields = value?.fields(['minReplicas', 'maxReplicas', 'cpuUtilization'])
  if (value === undefined || fields === undefined) return undefined
  const read = (name: string) => {
    const count = fields.get(name)
    return count === undefined ? 1 : (count.integer(1, REPLICAS_MAX) ?? 1)
  }
  const [minReplicas, maxReplicas] = [read('minReplicas'), read('maxReplicas')]
  if (minReplicas > maxReplicas) {
    value.problem(`minReplicas ${minReplicas} is larger than maxReplicas ${maxReplicas}`)
  }
  const cpuUtilization = fields.get('cpuUtilization')?.integer(1, 100)
  return present<ScalingSettings>({ minReplicas, maxReplicas, cpuUtilization })
}

/** Without the members that are `undefined`: JSON and comparisons know no difference. */
function present<T extends object>(members: { readonly [Name in keyof T]: T[Name] | undefined }): T {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as T
}
