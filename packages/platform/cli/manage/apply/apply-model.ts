import { createReadStream } from 'node:fs'
import { ServingError } from '@millrace/sdk'
import type {
  FieldView,
  ManagerClient,
  ModelVersionView,
  NewModelVersion,
  SignatureView,
} from '@millrace/sdk/client'
import type { ModelResource, PayloadFile } from '../../../resources/index.ts'
import { CommandFailure } from '../../command-failure.ts'
import { EXIT } from '../../exit-codes.ts'
import { waitForProfiles } from '../wait-for-profiles.ts'
import { waitUntil } from '../wait-until.ts'
import { type ApplyReport, sizeText } from './apply-report.ts'
import { packPayload } from './pack-payload.ts'
import { trainingDataFile } from './read-sources.ts'
import { automaticMetadata } from './version-metadata.ts'

/** What applying needs besides the resource. */
export interface Applying {
  readonly manager: ManagerClient
  readonly report: ApplyReport
  readonly timeoutMs: number
}

/**
 * Uploads a new version, shows its build until that ends, then has it watched and hands over its training data.
 *
 * Rejects with a `CommandFailure` for a build that fails and for training data that cannot be processed, else as the server
 * refuses.
 */
export async function applyModel(
  { manager, report, timeoutMs }: Applying,
  model: ModelResource,
  files: readonly PayloadFile[],
): Promise<ModelVersionView> {
  const totalBytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  const filesText = files.length === 1 ? '1 file' : `${files.length} files`
  report.note(`model ${model.name}: ${filesText}, ${sizeText(totalBytes)}`)
  const payload = packPayload(files, readBytes => report.uploaded(readBytes, totalBytes))
  const uploaded = await manager.versions.upload(await newVersion(model), payload)
  const name = `${model.name}:${uploaded.modelVersion}`
  report.note(`model version ${name}: building`)
  const version = await builtVersion({ manager, report, timeoutMs }, uploaded)
  if (version.status !== 'Released') {
    const reason = version.statusMessage === undefined ? '' : `: ${version.statusMessage}`
    throw new CommandFailure(
      `the build of ${name} has failed${reason}; millrace logs --build ${name} shows its log`,
      EXIT.failed,
    )
  }
  report.done(`model version ${name} released`)
  for (const watch of model.monitoring) {
    const { modelName, version: number } = watch.model
    const { id: modelVersionId } = await manager.versions.get(modelName, number)
    const { threshold, operator: kind, deploymentConfiguration: deploymentConfigName } = watch
    await manager.metricSpecifications.create({
      name: watch.name,
      modelVersionId: version.id,
      config: { modelVersionId, threshold, thresholdCmpOperator: { kind }, deploymentConfigName },
    })
    report.done(`metric ${watch.name} of ${name} created: ${modelName}:${number} ${kind} ${threshold}`)
  }
  await handOverTrainingData({ manager, report, timeoutMs }, model, version.id, name)
  return version
}

async function newVersion(model: ModelResource): Promise<NewModelVersion> {
  const { runtime, contract, installCommand, batchSize } = model
  return {
    name: model.name,
    runtime: {
      name: runtime.name,
      tag: runtime.tag,
      ...(runtime.sha256 === undefined ? {} : { sha256: runtime.sha256 }),
    },
    modelSignature: contract === undefined ? undefined : signatureView(contract),
    installCommand,
    metadata: { ...(await automaticMetadata(model.source.folder)), ...model.metadata },
    monitoringConfiguration: batchSize === undefined ? undefined : { batchSize },
  }
}

/** Waits for the end of the build, showing its log; a version that is taken as it is has none. */
async function builtVersion(
  { manager, report, timeoutMs }: Applying,
  uploaded: ModelVersionView,
): Promise<ModelVersionView> {
  try {
    for await (const { text } of manager.versions.buildLog(uploaded.id)) report.foreign(text)
  } catch (error) {
    if (!ServingError.is(error) || error.code !== 'NOT_FOUND') throw error
  }
  const { model, modelVersion } = uploaded
  return waitUntil(manager, {
    what: `the build of ${model.name}:${modelVersion}`,
    read: () => manager.versions.get(model.name, modelVersion),
    isDone: ({ status }) => status !== 'Assembling',
    isAbout: event => event.type === 'ModelUpdate' && event.data.id === uploaded.id,
    timeoutMs,
  })
}

async function handOverTrainingData(
  { manager, report, timeoutMs }: Applying,
  model: ModelResource,
  versionId: number,
  name: string,
): Promise<void> {
  const { trainingData } = model
  if (trainingData === undefined) return
  const file = trainingDataFile(model)
  try {
    if (file === undefined) await manager.versions.nameTrainingData(versionId, trainingData)
    else await manager.versions.uploadTrainingData(versionId, createReadStream(file))
    report.done(`training data of ${name} handed over`)
  } catch (error) {
    const isUnsupported = ServingError.is(error) && ['UNIMPLEMENTED', 'NOT_FOUND'].includes(error.code)
    if (!isUnsupported) throw error
    report.warn(`training data of ${name} was not taken: ${error.message}`)
    return
  }
  report.done(await waitForProfiles(manager, versionId, name, timeoutMs))
}

interface StoredField {
  readonly name: string
  readonly shape: { readonly dims: readonly number[] } | null
  readonly dtype?: string
  readonly profile?: string
  readonly subfields?: readonly StoredField[]
}

/** Without the members that say nothing. */
function signatureView({
  signatureName,
  inputs,
  outputs,
}: NonNullable<ModelResource['contract']>): SignatureView {
  return { signatureName, inputs: inputs.map(fieldView), outputs: outputs.map(fieldView) }
}

function fieldView({ shape, subfields, ...field }: StoredField): FieldView {
  return {
    ...field,
    ...(shape === null ? {} : { shape }),
    ...(subfields === undefined ? {} : { subfields: subfields.map(fieldView) }),
  }
}
