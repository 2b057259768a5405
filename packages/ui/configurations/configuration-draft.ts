import type { ConfigurationJson } from '../api/configuration-json.ts'

/** A deployment configuration while it is filled in; what is left empty is left out. */
export interface ConfigurationDraft {
  readonly name: string
  readonly cpuLimit: string
  readonly memoryLimit: string
  readonly cpuRequest: string
  readonly memoryRequest: string
  /** `NAME=value`, one a line. */
  readonly environment: string
  readonly replicas: string
  readonly minReplicas: string
  readonly maxReplicas: string
  readonly cpuUtilization: string
  /** JSON as Kubernetes writes it: nodeSelector, affinity, tolerations. */
  readonly pod: string
}

export const EMPTY_CONFIGURATION: ConfigurationDraft = {
  name: '',
  cpuLimit: '',
  memoryLimit: '',
  cpuRequest: '',
  memoryRequest: '',
  environment: '',
  replicas: '',
  minReplicas: '',
  maxReplicas: '',
  cpuUtilization: '',
  pod: '',
}

/** What is wrong, by field; the manager says the rest. */
export type ConfigurationProblems = Partial<Record<keyof ConfigurationDraft, string>>

export function configurationProblems(
  draft: ConfigurationDraft,
  taken: readonly string[],
): ConfigurationProblems {
  const problems: ConfigurationProblems = {}
  if (draft.name.trim() === '') problems.name = 'Give the configuration a name'
  else if (taken.includes(draft.name.trim()))
    problems.name = `There is a configuration ${draft.name.trim()} already`
  for (const field of ['replicas', 'minReplicas', 'maxReplicas'] as const) {
    if (draft[field] !== '' && !isCount(draft[field]))
      problems[field] = 'A number of replicas is an integer from 1'
  }
  if (draft.cpuUtilization !== '' && (!isCount(draft.cpuUtilization) || Number(draft.cpuUtilization) > 100)) {
    problems.cpuUtilization = 'Percent, an integer from 1 to 100'
  }
  if (Number(draft.minReplicas || 1) > Number(draft.maxReplicas || draft.minReplicas || 1)) {
    problems.maxReplicas = 'Fewer than the least number of replicas'
  }
  const line = environmentLines(draft.environment).find(line => !/^[A-Za-z_]\w*=/.test(line))
  if (line !== undefined) problems.environment = `'${line}' is not NAME=value`
  if (draft.pod.trim() !== '') {
    try {
      const pod: unknown = JSON.parse(draft.pod)
      if (typeof pod !== 'object' || pod === null || Array.isArray(pod)) problems.pod = 'Not a JSON object'
    } catch (error) {
      problems.pod = error instanceof Error ? error.message : String(error)
    }
  }
  return problems
}

/** What the manager is sent; of a draft without problems. */
export function configurationBody(draft: ConfigurationDraft): ConfigurationJson {
  const limits = filled({ cpu: draft.cpuLimit, memory: draft.memoryLimit })
  const requests = filled({ cpu: draft.cpuRequest, memory: draft.memoryRequest })
  const env = filled(Object.fromEntries(environmentLines(draft.environment).map(toEntry)), false)
  const resources = (limits ?? requests) ? { limits: limits ?? null, requests: requests ?? null } : null
  const { minReplicas, maxReplicas, cpuUtilization } = draft
  const hasScaling = [minReplicas, maxReplicas, cpuUtilization].some(text => text !== '')
  return {
    name: draft.name.trim(),
    ...(resources === null && env === undefined ? {} : { container: { resources, env: env ?? null } }),
    ...(draft.pod.trim() === '' ? {} : { pod: { tolerations: [], ...(JSON.parse(draft.pod) as object) } }),
    ...(draft.replicas === '' ? {} : { deployment: { replicaCount: Number(draft.replicas) } }),
    ...(hasScaling
      ? {
          hpa: {
            minReplicas: Number(minReplicas || 1),
            maxReplicas: Number(maxReplicas || minReplicas || 1),
            ...(cpuUtilization === '' ? {} : { cpuUtilization: Number(cpuUtilization) }),
          },
        }
      : {}),
  }
}

function isCount(text: string): boolean {
  return /^[1-9]\d{0,5}$/.test(text)
}

function environmentLines(text: string): readonly string[] {
  return text
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '')
}

function toEntry(line: string): [name: string, value: string] {
  const equals = line.indexOf('=')
  return [line.slice(0, equals), line.slice(equals + 1)]
}

/** Without empty members; nothing when nothing is left. */
function filled(
  members: Readonly<Record<string, string>>,
  isTrimmed = true,
): Readonly<Record<string, string>> | undefined {
  const entries = Object.entries(members)
    .map(([name, value]) => [name, isTrimmed ? value.trim() : value] as const)
    .filter(([, value]) => !isTrimmed || value !== '')
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}
