import { ServingError } from '@millrace/sdk'
import type { ApplicationStage, ModelSignature, ModelVersionRecord, StoreTables } from '../../store/index.ts'
import { checkDeployable, findConfiguration } from '../servables/check-deployable.ts'
import { type ApplicationRequest, settleWeights, type VariantRequest } from './application-request.ts'
import { checkNeighbours } from './check-stages.ts'
import { mergeSignatures, type OwnedSignature } from './merge-signatures.ts'

export interface ApplicationPlan {
  readonly signature: ModelSignature
  /** Without servables. */
  readonly stages: readonly ApplicationStage[]
  readonly versions: ReadonlyMap<number, ModelVersionRecord>
}

const PIPELINE_SIGNATURE = 'INFERRED_PIPELINE_SIGNATURE'

/**
 * Looks up what an application names, and works out its signatures.
 *
 * Rejects NOT_FOUND for a version or a deployment configuration that is not there, FAILED_PRECONDITION for a version that
 * cannot be deployed, INVALID_ARGUMENT for weights and signatures that do not fit.
 */
export async function planApplication(
  tables: StoreTables,
  { stages: requested }: Pick<ApplicationRequest, 'stages'>,
): Promise<ApplicationPlan> {
  const variants = requested.flat()
  const ids = [...new Set(variants.map(({ modelVersionId }) => modelVersionId))]
  const versions = new Map(
    (await tables.modelVersions.list({ ids })).map(version => [version.id, version] as const),
  )
  for (const id of ids) {
    const version = versions.get(id)
    if (version === undefined) throw new ServingError('NOT_FOUND', `Can't find modelversion id ${id}`)
    checkDeployable(version)
  }
  const names = new Set(variants.flatMap(({ deploymentConfiguration }) => deploymentConfiguration ?? []))
  const namesById = new Map<string, string | undefined>()
  for (const name of names) namesById.set(name, (await findConfiguration(tables, name))?.name)

  const weighted = settleWeights(requested)
  const merged = weighted.map(stage => mergeStage(stage, versions))
  checkNeighbours(merged)
  return {
    versions,
    signature: signatureOf(merged, weighted),
    stages: weighted.map((stage, index) => ({
      modelVariants: stage.map(({ modelVersionId, weight, deploymentConfiguration }) => ({
        modelVersionId,
        deploymentConfigurationName:
          deploymentConfiguration === undefined ? undefined : namesById.get(deploymentConfiguration),
        weight,
      })),
      signature: merged[index]!.signature,
    })),
  }
}

function mergeStage(
  stage: readonly VariantRequest[],
  versions: ReadonlyMap<number, ModelVersionRecord>,
): OwnedSignature {
  const signatures = stage.map(({ modelVersionId }) => {
    const { modelName, version, signature } = versions.get(modelVersionId)!
    return { owner: `${modelName}:${version}`, signature }
  })
  return {
    owner: signatures.map(({ owner }) => owner).join(', '),
    signature: mergeSignatures(signatures),
  }
}

function signatureOf(
  merged: readonly OwnedSignature[],
  stages: readonly (readonly VariantRequest[])[],
): ModelSignature {
  const first = merged[0]!.signature
  if (stages.length === 1 && stages[0]!.length === 1) return first
  return {
    signatureName: PIPELINE_SIGNATURE,
    inputs: first.inputs,
    outputs: merged.at(-1)!.signature.outputs,
  }
}
