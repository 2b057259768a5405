import type { ApplicationResource, ResourceSource, StreamingResource, VariantResource } from './resource.ts'
import { readModelVersionName, readOptionalText, readStringMap } from './value-readers.ts'
import type { YamlValue } from './yaml-value.ts'

export const APPLICATION_FIELDS: readonly string[] = [
  'kind',
  'name',
  'namespace',
  'singular',
  'pipeline',
  'metadata',
  'streaming',
]

const VARIANT_FIELDS = ['model', 'weight', 'deployment-config']
const NAME_LENGTH_MAX = 128
const WHOLE_PERCENT = 100

/** Reads a document of kind `Application`. What is wrong has been noted; then nothing may be done with the result. */
export function readApplication(
  document: YamlValue,
  fields: ReadonlyMap<string, YamlValue>,
  name: string,
  source: ResourceSource,
): ApplicationResource {
  if (!/^[a-zA-Z0-9_-]+$/.test(name) || name.length > NAME_LENGTH_MAX) {
    fields
      .get('name')
      ?.problem(
        `'${name}' is not an application's name; it may have up to ${NAME_LENGTH_MAX} letters, digits, '-' and '_'`,
      )
  }
  return {
    kind: 'Application',
    name,
    source,
    namespace: readOptionalText(fields.get('namespace')),
    stages: readStages(document, fields.get('singular'), fields.get('pipeline')),
    metadata: readStringMap(fields.get('metadata'), 'an object of texts by name') ?? {},
    streaming: readStreaming(fields.get('streaming')),
  }
}

function readStages(
  document: YamlValue,
  singular: YamlValue | undefined,
  pipeline: YamlValue | undefined,
): readonly (readonly VariantResource[])[] {
  if (singular !== undefined && pipeline !== undefined) {
    pipeline.problem("Invalid application: can't have both 'singular' and 'pipeline' fields")
    return []
  }
  if (singular !== undefined) return [[readVariant(singular)].flatMap(whole)]
  if (pipeline === undefined) {
    document.problem("Invalid application: no 'singular' or 'pipeline' fields")
    return []
  }
  const stages = pipeline.items('a list of stages') ?? []
  if (pipeline.isList && stages.length === 0) pipeline.problem('a pipeline must have at least one stage')
  const isSimple = stages.length === 1 && (stages[0]!.isMap || stages[0]!.items()?.length === 1)
  return stages.map(stage => {
    // The only variant of a stage may stand without its list.
    const variants = stage.isMap ? [stage] : (stage.items('a stage: a list of model variants') ?? [])
    if (stage.isList && variants.length === 0) stage.problem('a stage must have at least one model variant')
    const read = variants.map(readVariant)
    if (isSimple) return read.flatMap(whole)
    const known = read.filter(variant => variant !== undefined)
    const sum = known.reduce((total, { weight }) => total + weight, 0)
    if (known.length > 0 && known.length === variants.length && sum !== WHOLE_PERCENT) {
      stage.problem(`Sum of weights must equal ${WHOLE_PERCENT}. Current sum: ${sum}`)
    }
    return known
  })
}

/** The only variant of an application has everything, whatever it says. */
function whole(variant: VariantResource | undefined): VariantResource[] {
  return variant === undefined ? [] : [{ ...variant, weight: WHOLE_PERCENT }]
}

function readVariant(value: YamlValue): VariantResource | undefined {
  const fields = value.fields(
    VARIANT_FIELDS,
    "a model variant: an object such as {model: 'scaler:1', weight: 100}",
  )
  if (fields === undefined) return undefined
  const modelValue = fields.get('model') ?? value.problem("model is missing; it is 'name:version'")
  const model = modelValue && readModelVersionName(modelValue)
  const weightValue = fields.get('weight')
  const weight = weightValue === undefined ? WHOLE_PERCENT : weightValue.integer(0, WHOLE_PERCENT)
  const deploymentConfiguration = readOptionalText(
    fields.get('deployment-config'),
    'the name of a deployment configuration',
  )
  return model === undefined || weight === undefined ? undefined : { model, weight, deploymentConfiguration }
}

function readStreaming(value: YamlValue | undefined): readonly StreamingResource[] {
  return (value?.items('a list of topics') ?? []).flatMap(item => {
    const fields = item.fields(['in-topic', 'out-topic'], 'an object with in-topic and out-topic')
    if (fields === undefined) return []
    const [sourceTopic, destinationTopic] = ['in-topic', 'out-topic'].map(name =>
      (fields.get(name) ?? item.problem(`${name} is missing`))?.text('a topic'),
    )
    return sourceTopic === undefined || destinationTopic === undefined
      ? []
      : [{ sourceTopic, destinationTopic }]
  })
}
