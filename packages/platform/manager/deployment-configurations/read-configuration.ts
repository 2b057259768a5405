import { ServingError } from '@millrace/sdk'
import type {
  ContainerSettings,
  DeploymentSettings,
  PodSettings,
  ScalingSettings,
  StringMap,
  Toleration,
} from '../../store/index.ts'
import { requireQuantity } from '../servables/require-quantity.ts'
import { DEFAULT_CONFIGURATION } from './configuration-settings.ts'
import { present, readCount, readMembers, readObject, readText, refuse } from './json-members.ts'

const NAME_LENGTH_MAX = 253
const REPLICAS_MAX = 1_000
const ENTRIES_MAX = 1_000
const JSON_LENGTH_MAX = 100_000
const SECONDS_MAX = 2 ** 31 - 1
const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']

/**
 * Checks a deployment configuration as clients send it. What is `null` counts as left out.
 * @throws ServingError INVALID_ARGUMENT naming the member, its value and what is allowed
 */
export function readConfiguration(json: unknown): {
  readonly name: string
  readonly settings: DeploymentSettings
} {
  const members = readMembers(json, 'the body', ['name', 'container', 'pod', 'deployment', 'hpa'])
  const name = readText(members['name'], 'name')
  if (name === undefined || name.trim() === '' || name.length > NAME_LENGTH_MAX) {
    refuse('name', members['name'], `a name of 1 to ${NAME_LENGTH_MAX} characters`)
  }
  if (name === DEFAULT_CONFIGURATION) {
    throw new ServingError('ALREADY_EXISTS', `DeploymentConfiguration ${name} already exists`)
  }
  const settings = present<DeploymentSettings>({
    container: optional(members['container'], readContainer),
    pod: optional(members['pod'], readPod),
    deployment: optional(members['deployment'], value => {
      const { replicaCount } = readMembers(value, 'deployment', ['replicaCount'])
      return { replicaCount: readCount(replicaCount, 'deployment.replicaCount', 1, REPLICAS_MAX) ?? 1 }
    }),
    hpa: optional(members['hpa'], readScaling),
  })
  return { name, settings }
}

function readContainer(json: unknown): ContainerSettings {
  const { resources, env } = readMembers(json, 'container', ['resources', 'env'])
  return present<ContainerSettings>({
    resources: optional(resources, value => {
      const { limits, requests } = readMembers(value, 'container.resources', ['limits', 'requests'])
      return present<NonNullable<ContainerSettings['resources']>>({
        limits: optional(limits, value => readQuantities(value, 'container.resources.limits')),
        requests: optional(requests, value => readQuantities(value, 'container.resources.requests')),
      })
    }),
    env: optional(env, value => readTexts(value, 'container.env')),
  })
}

function readPod(json: unknown): PodSettings {
  const members = readMembers(json, 'pod', ['nodeSelector', 'affinity', 'tolerations'])
  const tolerations = members['tolerations'] ?? []
  if (!Array.isArray(tolerations) || tolerations.length > ENTRIES_MAX) {
    refuse('pod.tolerations', tolerations, `a list of at most ${ENTRIES_MAX} tolerations`)
  }
  return present<PodSettings>({
    nodeSelector: optional(members['nodeSelector'], value => readTexts(value, 'pod.nodeSelector')),
    affinity: optional(members['affinity'], value => {
      const affinity = readObject(value, 'pod.affinity')
      const { length } = JSON.stringify(affinity)
      if (length > JSON_LENGTH_MAX)
        refuse('pod.affinity', length, `at most ${JSON_LENGTH_MAX} characters of JSON`)
      return affinity
    }),
    tolerations: tolerations.map((item: unknown, index) => readToleration(item, `pod.tolerations[${index}]`)),
  })
}

function readToleration(json: unknown, path: string): Toleration {
  const members = readMembers(json, path, ['key', 'operator', 'value', 'effect', 'tolerationSeconds'])
  const operator = members['operator'] ?? 'Equal'
  if (operator !== 'Equal' && operator !== 'Exists') refuse(`${path}.operator`, operator, 'Equal or Exists')
  const effect = readText(members['effect'], `${path}.effect`)
  if (effect !== undefined && !EFFECTS.includes(effect)) {
    refuse(`${path}.effect`, effect, `one of ${EFFECTS.join(', ')}`)
  }
  return present<Toleration>({
    key: readText(members['key'], `${path}.key`),
    operator,
    value: readText(members['value'], `${path}.value`),
    effect,
    tolerationSeconds: readCount(members['tolerationSeconds'], `${path}.tolerationSeconds`, 0, SECONDS_MAX),
  })
}

function readScaling(json: unknown): ScalingSettings {
  const members = readMembers(json, 'hpa', ['minReplicas', 'maxReplicas', 'cpuUtilization'])
  const minReplicas = readCount(members['minReplicas'], 'hpa.minReplicas', 1, REPLICAS_MAX) ?? 1
  const maxReplicas = readCount(members['maxReplicas'], 'hpa.maxReplicas', 1, REPLICAS_MAX) ?? 1
  if (minReplicas > maxReplicas) refuse('hpa.minReplicas', minReplicas, `at most maxReplicas ${maxReplicas}`)
  const cpuUtilization = readCount(members['cpuUtilization'], 'hpa.cpuUtilization', 1, 100)
  return present<ScalingSettings>({ minReplicas, maxReplicas, cpuUtilization })
}

function readQuantities(json: unknown, path: string): StringMap {
  const quantities = readTexts(json, path)
  for (const [resource, quantity] of Object.entries(quantities))
    requireQuantity(quantity, `${path}.${resource}`)
  return quantities
}

function readTexts(json: unknown, path: string): StringMap {
  const entries = Object.entries(readObject(json, path))
  if (entries.length > ENTRIES_MAX) refuse(path, entries.length, `at most ${ENTRIES_MAX} members`)
  return Object.fromEntries(
    entries.map(([name, value]) => [
      name,
      readText(value, `${path}.${name}`) ?? refuse(`${path}.${name}`, value, 'a text'),
    ]),
  )
}

function optional<T>(json: unknown, read: (json: unknown) => T): T | undefined {
  return json === undefined || json === null ? undefined : read(json)
}
