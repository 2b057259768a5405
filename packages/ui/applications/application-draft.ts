import type { ApplicationBody, ApplicationJson, KafkaStreamingJson } from '../api/application-json.ts'

/** An application while it is filled in. */
export interface ApplicationDraft {
  /** Of the one that is changed; none for a new one. */
  readonly id: number | undefined
  readonly name: string
  readonly namespace: string | null
  readonly kafkaStreaming: readonly KafkaStreamingJson[]
  readonly stages: readonly StageDraft[]
}

export interface StageDraft {
  /** Tells stages apart while they come and go. */
  readonly key: string
  readonly variants: readonly VariantDraft[]
}

export interface VariantDraft {
  readonly key: string
  readonly versionId: number | undefined
  /** `undefined` while the field is empty. */
  readonly weight: number | undefined
  readonly configuration: string | null
}

export const NAME_LENGTH_MAX = 128
const NAME = /^[a-zA-Z\-_\d]+$/
const WEIGHT_SUM = 100

let keys = 0
const nextKey = () => `k${++keys}`

export function emptyVariant(weight: number): VariantDraft {
  return { key: nextKey(), versionId: undefined, weight, configuration: null }
}

export function emptyStage(): StageDraft {
  return { key: nextKey(), variants: [emptyVariant(WEIGHT_SUM)] }
}

export function emptyDraft(versionId?: number): ApplicationDraft {
  const variant = { ...emptyVariant(WEIGHT_SUM), versionId }
  const stages = [{ key: nextKey(), variants: [variant] }]
  return { id: undefined, name: '', namespace: null, kafkaStreaming: [], stages }
}

export function draftOf({
  id,
  name,
  namespace,
  kafkaStreaming,
  executionGraph,
}: ApplicationJson): ApplicationDraft {
  return {
    id,
    name,
    namespace,
    kafkaStreaming,
    stages: executionGraph.stages.map(({ modelVariants }) => ({
      key: nextKey(),
      variants: modelVariants.map(({ modelVersionId, weight, deploymentConfigurationName }) => ({
        key: nextKey(),
        versionId: modelVersionId,
        weight,
        configuration: deploymentConfigurationName,
      })),
    })),
  }
}

/** What keeps a draft from being sent. */
export interface DraftProblems {
  readonly name: string | undefined
  /** By key of stage or variant. */
  readonly byKey: ReadonlyMap<string, string>
  readonly isFine: boolean
}

/** Checks a draft as the manager will. `taken`: names of all applications. */
export function problemsOf(draft: ApplicationDraft, taken: readonly string[]): DraftProblems {
  const name = nameProblem(draft, taken)
  const byKey = new Map<string, string>()
  for (const { key, variants } of draft.stages) {
    for (const variant of variants) {
      const problem = variantProblem(variant)
      if (problem !== undefined) byKey.set(variant.key, problem)
    }
    const sum = weightSum(variants)
    if (sum !== WEIGHT_SUM) byKey.set(key, `Sum of weights must be equal 100. Current sum: ${sum}`)
  }
  return { name, byKey, isFine: name === undefined && byKey.size === 0 }
}

function nameProblem({ id, name }: ApplicationDraft, taken: readonly string[]): string | undefined {
  if (id !== undefined) return undefined
  if (name === '') return 'Give the application a name'
  if (!NAME.test(name)) return "Only Latin letters, digits, '-' and '_' are allowed"
  if (name.length > NAME_LENGTH_MAX) return `${name.length} characters; allowed are ${NAME_LENGTH_MAX}`
  return taken.includes(name) ? `There is an application ${name} already` : undefined
}

function variantProblem({ versionId, weight }: VariantDraft): string | undefined {
  if (versionId === undefined) return 'Choose a model version'
  if (weight === undefined || !Number.isInteger(weight) || weight < 0 || weight > WEIGHT_SUM) {
    return 'A weight is an integer from 0 to 100'
  }
  return undefined
}

export function weightSum(variants: readonly VariantDraft[]): number {
  return variants.reduce((sum, { weight = 0 }) => sum + weight, 0)
}

/** What the manager is sent; of a draft without problems. */
export function bodyOf({ id, name, namespace, kafkaStreaming, stages }: ApplicationDraft): ApplicationBody {
  return {
    ...(id === undefined ? {} : { id }),
    name,
    namespace,
    kafkaStreaming,
    executionGraph: {
      stages: stages.map(({ variants }) => ({
        modelVariants: variants.flatMap(({ versionId, weight = 0, configuration }) =>
          versionId === undefined
            ? []
            : [{ modelVersionId: versionId, weight, deploymentConfigName: configuration }],
        ),
      })),
    },
  }
}

/** The same application with another version in one place. */
export function withVersion(
  application: ApplicationJson,
  place: { readonly stage: number; readonly variant: number },
  versionId: number,
): ApplicationDraft {
  const draft = draftOf(application)
  return {
    ...draft,
    stages: draft.stages.map((stage, index) =>
      index === place.stage
        ? {
            ...stage,
            variants: stage.variants.map((variant, index) =>
              index === place.variant ? { ...variant, versionId } : variant,
            ),
          }
        : stage,
    ),
  }
}
