import { readContract } from './contract-reader.ts'
import { didYouMean } from './nearest-word.ts'
import type {
  ModelResource,
  MonitoringResource,
  PayloadEntry,
  ResourceSource,
  RuntimeImage,
} from './resource.ts'
import { readModelVersionName, readOptionalText, readStringMap } from './value-readers.ts'
import type { YamlValue } from './yaml-value.ts'

/** The fields of a model resource, in the spelling that messages use. */
export const MODEL_FIELDS: readonly string[] = [
  'kind',
  'name',
  'runtime',
  'contract',
  'signature',
  'payload',
  'install-command',
  'training-data',
  'metadata',
  'monitoring-configuration',
  'monitoring',
]

const PAYLOAD_ENTRIES_MAX = 1_000

const OPERATORS: Readonly<Record<string, MonitoringResource['operator']>> = {
  '==': 'Eq',
  '!=': 'NotEq',
  '>': 'Greater',
  '<': 'Less',
  '>=': 'GreaterEq',
  '<=': 'LessEq',
}
const OPERATOR_WORDS = Object.values(OPERATORS)

/** Reads a document of kind `Model`. What is wrong has been noted; then nothing may be done with the result. */
export function readModel(
  document: YamlValue,
  fields: ReadonlyMap<string, YamlValue>,
  name: string,
  source: ResourceSource,
): ModelResource {
  if (!/^[a-z0-9_-]+$/.test(name)) {
    fields
      .get('name')
      ?.problem(`'${name}' is not a model's name; it may have small letters, digits, '-' and '_'`)
  }
  const runtime = fields.get('runtime')
  const contract = fields.get('contract') ?? fields.get('signature')
  if (fields.has('contract'))
    fields.get('signature')?.problem('a model has a contract or a signature, not both')
  if (runtime === undefined) document.problem("runtime is missing; it is an image: 'name:tag'")
  return {
    kind: 'Model',
    name,
    source,
    runtime: (runtime && readRuntime(runtime)) ?? { name: '', tag: '', sha256: undefined },
    contract: contract && readContract(contract),
    payload: readPayload(fields.get('payload')),
    installCommand: readOptionalText(fields.get('install-command'), 'a command'),
    trainingData: readOptionalText(
      fields.get('training-data'),
      "a path, or an address such as 's3://bucket/key.csv'",
    ),
    metadata: readStringMap(fields.get('metadata'), 'an object of texts by name') ?? {},
    batchSize: readBatchSize(fields.get('monitoring-configuration')),
    monitoring: readMonitoring(fields.get('monitoring')),
  }
}

/** `host:port/name:tag@sha256:…`, or its parts as an object. */
function readRuntime(value: YamlValue): RuntimeImage | undefined {
  if (value.isMap) {
    const parts = value.fields(['name', 'tag', 'sha256'])
    const name = parts?.get('name')?.text('an image')
    if (name === undefined) return value.problem('name is missing; it is an image without its tag')
    return { name, tag: parts?.get('tag')?.scalarText() ?? 'latest', sha256: parts?.get('sha256')?.text() }
  }
  const text = value.text("an image: 'name:tag'")
  if (text === undefined) return undefined
  const match = /^([^\s@]+?)(?::([\w][\w.-]{0,127}))?(?:@sha256:([0-9a-f]{64}))?$/.exec(text)
  if (match === null || match[1]!.startsWith('/') || match[1]!.endsWith('/')) {
    return value.problem(`'${text}' is not an image; it must be 'name:tag', as 'acme/python:3.12'`)
  }
  const [, name = '', tag, sha256] = match
  if (tag === undefined && sha256 === undefined) value.warn(`'${text}' names no tag; 'latest' is taken`)
  return { name, tag: tag ?? 'latest', sha256 }
}

function readPayload(value: YamlValue | undefined): readonly PayloadEntry[] {
  if (value === undefined) return []
  const items = value.isList ? (value.items() ?? []) : [value]
  if (items.length > PAYLOAD_ENTRIES_MAX) {
    value.problem(`there are ${items.length} entries; at most ${PAYLOAD_ENTRIES_MAX} are read`)
    return []
  }
  return items.flatMap(item => {
    const pattern = item.text('a path')
    return pattern === undefined ? [] : [{ pattern, place: item.place }]
  })
}

function readBatchSize(value: YamlValue | undefined): number | undefined {
  return value?.fields(['batch-size'])?.get('batch-size')?.integer(1, 1_000_000)
}

function readMonitoring(value: YamlValue | undefined): readonly MonitoringResource[] {
  return (value?.items('a list of metrics') ?? []).flatMap(item => readMetric(item) ?? [])
}

function readMetric(item: YamlValue): MonitoringResource | undefined {
  const fields = item.fields(['name', 'config'], 'a metric: an object with name and config')
  const config = fields?.get('config')
  const settings = config?.fields(['monitoring-model', 'threshold', 'operator', 'deployment-config'])
  const name =
    fields === undefined ? undefined : (fields.get('name') ?? item.problem('name is missing'))?.text()
  if (fields !== undefined && config === undefined) item.problem('config is missing')
  if (config === undefined || settings === undefined) return undefined
  const need = (field: string) => settings.get(field) ?? config.problem(`${field} is missing`)
  const watcher = need('monitoring-model')
  const model = watcher && readModelVersionName(watcher)
  const threshold = need('threshold')?.number()
  const operatorValue = need('operator')
  const operator = operatorValue && readOperator(operatorValue)
  const deploymentConfiguration = settings.get('deployment-config')?.text()
  return name === undefined || model === undefined || threshold === undefined || operator === undefined
    ? undefined
    : { name, model, threshold, operator, deploymentConfiguration }
}

function readOperator(value: YamlValue): MonitoringResource['operator'] | undefined {
  const word = value.text('an operator')
  if (word === undefined) return undefined
  const operator = OPERATORS[word] ?? OPERATOR_WORDS.find(known => known.toLowerCase() === word.toLowerCase())
  if (operator !== undefined) return operator
  const allowed = [...OPERATOR_WORDS, ...Object.keys(OPERATORS)].join(', ')
  return value.problem(
    `'${word}' is not an operator${didYouMean(word, OPERATOR_WORDS)}; the operators are ${allowed}`,
  )
}
