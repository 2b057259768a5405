import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { loadHydrosphereG3 } from '@millrace/sdk/protocol'
import type { ModelSignature, ModelVersionRecord, SignatureField } from '../../store/index.ts'
import type { ApplicationEntity, MetricEntity, ServableEntity } from './entities.ts'
import type { ManagerProtocol } from './manager-protocol.ts'

const { contract, discovery, manager } = await loadHydrosphereG3()
const {
  ModelVersionStatus,
  Servable_ServableStatus: ServableStatus,
  Application_ApplicationStatus: ApplicationStatus,
  ThresholdConfig_CmpOp: CmpOp,
} = manager

export const PROTOCOL_G3: ManagerProtocol = {
  managerService: '/hydrosphere.serving.manager.ManagerService',
  discoveryService: '/hydrosphere.serving.discovery.ServingDiscovery',
  applicationKey: ({ name }) => name,
  encodeVersion: version =>
    toBinary(manager.ModelVersionSchema, create(manager.ModelVersionSchema, versionOf(version))),
  encodeServable: servable =>
    toBinary(manager.ServableSchema, create(manager.ServableSchema, servableOf(servable))),
  encodeApplications: (removed, added) =>
    toBinary(
      discovery.ApplicationDiscoveryEventSchema,
      create(discovery.ApplicationDiscoveryEventSchema, {
        removedIds: [...removed],
        added: added.map(applicationOf),
      }),
    ),
  encodeServables: (removed, added) =>
    toBinary(
      discovery.ServableDiscoveryEventSchema,
      create(discovery.ServableDiscoveryEventSchema, {
        removedIdx: [...removed],
        added: added.map(servableOf),
      }),
    ),
  encodeMetrics: (removed, added) =>
    toBinary(
      discovery.MetricSpecDiscoveryEventSchema,
      create(discovery.MetricSpecDiscoveryEventSchema, {
        removedIdx: [...removed],
        added: added.map(metricOf),
      }),
    ),
}

const VERSION_STATUSES = {
  Assembling: ModelVersionStatus.Building,
  Released: ModelVersionStatus.Success,
  Failed: ModelVersionStatus.Failed,
}

function versionOf(version: ModelVersionRecord): MessageInitShape<typeof manager.ModelVersionSchema> {
  const { image, runtime, monitoringConfiguration } = version
  return {
    id: BigInt(version.id),
    version: BigInt(version.version),
    status: VERSION_STATUSES[version.status],
    name: version.modelName,
    signature: signatureOf(version.signature),
    ...(image && { image: { name: image.name, tag: image.tag }, imageSha: image.sha256 ?? '' }),
    ...(runtime && { runtime: { name: runtime.name, tag: runtime.tag } }),
    metadata: { ...version.metadata },
    ...(monitoringConfiguration && { monitoringConfiguration }),
  }
}

const SERVABLE_STATUSES = {
  Starting: ServableStatus.STARTING,
  Serving: ServableStatus.SERVING,
  NotServing: ServableStatus.NOT_SERVING,
  NotAvailable: ServableStatus.NOT_AVAILABlE,
}

function servableOf({
  record,
  version,
  weight,
}: ServableEntity): MessageInitShape<typeof manager.ServableSchema> {
  return {
    host: record.host ?? '',
    port: record.port ?? 0,
    weight,
    modelVersion: { ...versionOf(version), depconfigName: record.deploymentConfiguration ?? '' },
    name: record.fullName,
    status: SERVABLE_STATUSES[record.status],
    statusMessage: record.statusMessage ?? '',
    metadata: { ...record.metadata },
  }
}

const APPLICATION_STATUSES = {
  Failed: ApplicationStatus.FAILED,
  Assembling: ApplicationStatus.ASSEMBLING,
  Ready: ApplicationStatus.READY,
}

function applicationOf({
  record,
  stages,
}: ApplicationEntity): MessageInitShape<typeof manager.ApplicationSchema> {
  return {
    id: String(record.id),
    name: record.name,
    signature: signatureOf(record.signature),
    pipeline: record.graph.stages.map((stage, index) => ({
      stageId: String(index),
      signature: signatureOf(stage.signature),
      servable: stages[index]!.map(servableOf),
    })),
    status: APPLICATION_STATUSES[record.status],
    statusMessage: record.statusMessage ?? '',
    metadata: { ...record.metadata },
  }
}

const OPERATORS = {
  Eq: CmpOp.EQ,
  NotEq: CmpOp.NOT_EQ,
  Greater: CmpOp.GREATER,
  Less: CmpOp.LESS,
  GreaterEq: CmpOp.GREATER_EQ,
  LessEq: CmpOp.LESS_EQ,
}

function metricOf({ record, servable }: MetricEntity): MessageInitShape<typeof manager.MetricSpecSchema> {
  return {
    id: record.id,
    name: record.name,
    modelVersionId: BigInt(record.versionId),
    customModelConfig: {
      monitorModelId: BigInt(record.metricVersionId),
      threshold: { value: record.threshold, comparison: OPERATORS[record.operator] },
      ...(servable && { servable: servableOf(servable) }),
    },
  }
}

function signatureOf(signature: ModelSignature): MessageInitShape<typeof contract.ModelSignatureSchema> {
  return {
    signatureName: signature.signatureName,
    inputs: signature.inputs.map(fieldOf),
    outputs: signature.outputs.map(fieldOf),
  }
}

function fieldOf(field: SignatureField): MessageInitShape<typeof contract.ModelFieldSchema> {
  const { name } = field
  const shape = field.shape && { shape: { dims: field.shape.dims.map(BigInt) } }
  if ('subfields' in field) {
    const value = { data: field.subfields.map(fieldOf) }
    return { name, ...shape, typeOrSubfields: { case: 'subfields', value } }
  }
  return {
    name,
    ...shape,
    profile: numberIn(contract.DataProfileType, field.profile),
    // BFLOAT16, RESOURCE and VARIANT are none of this generation's: DT_INVALID.
    typeOrSubfields: { case: 'dtype', value: numberIn(contract.DataType, field.dtype) },
  }
}

/** 0 for a name that the enum does not have. */
function numberIn<T extends number>(numbers: Readonly<Record<string, string | T>>, name: string): T {
  const number = numbers[name]
  return typeof number === 'number' ? number : (0 as T)
}
