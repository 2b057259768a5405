import { DEPLOYMENT_MODE, type InferenceService, type Predictor } from './inference-service.ts'
import { readStorageUri, URI_FORMS } from './model-location.ts'
import { PROTOCOL_VERSIONS } from './modelmesh-words.ts'
import { checkMetadata, LABEL_RULE } from './name-rules.ts'
import { Findings, shown, type Violation } from './violation.ts'

/** Frameworks that KServe has a field each for, from before there was `model`. */
const LEGACY_FRAMEWORKS = [
  'sklearn',
  'xgboost',
  'lightgbm',
  'tensorflow',
  'pytorch',
  'onnx',
  'triton',
  'pmml',
  'paddle',
]

/** What KServe, or ModelMesh where the annotation says so, would refuse in an `InferenceService`. */
export function checkInferenceService({ metadata, spec }: InferenceService): readonly Violation[] {
  const findings = new Findings()
  checkMetadata(metadata, LABEL_RULE, findings)
  const predictor = spec?.predictor
  if (typeof predictor !== 'object' || predictor === null) {
    findings.add('spec.predictor', 'is missing; it must hold the model')
    return findings.violations
  }
  const isForMesh = metadata?.annotations?.[DEPLOYMENT_MODE] === 'ModelMesh'
  const { model } = predictor
  if (model === undefined) {
    if (!LEGACY_FRAMEWORKS.some(framework => predictor[framework] !== undefined)) {
      findings.add('spec.predictor.model', 'is missing; it must hold modelFormat and storage')
    }
    return findings.violations
  }
  const path = 'spec.predictor.model'
  checkFormat(model.modelFormat, `${path}.modelFormat`, findings)
  checkProtocol(model.protocolVersion, `${path}.protocolVersion`, findings)
  const { storage, storageUri } = model
  if (storageUri !== undefined && storage?.path !== undefined) {
    findings.add(`${path}.storageUri`, 'cannot be given together with storage.path; leave one of them out')
  } else if (storageUri === undefined && storage === undefined) {
    findings.add(`${path}.storage`, 'is missing; give storage.path, or storageUri')
  } else if (isForMesh && storageUri === undefined && (storage?.path ?? '') === '') {
    findings.add(`${path}.storage.path`, 'is missing; it says where in the storage the model is')
  }
  if (isForMesh && storageUri !== undefined && readStorageUri(storageUri) === undefined) {
    findings.add(`${path}.storageUri`, `${shown(storageUri)} cannot be read; allowed are ${URI_FORMS}`)
  }
  return findings.violations
}

/** What ModelMesh would refuse in a `Predictor`. */
export function checkPredictor({ metadata, spec }: Predictor): readonly Violation[] {
  const findings = new Findings()
  checkMetadata(metadata, LABEL_RULE, findings)
  checkFormat(spec?.modelType, 'spec.modelType', findings)
  checkProtocol(spec?.protocolVersion, 'spec.protocolVersion', findings)
  const { storage, gpu } = spec ?? {}
  if (storage === undefined) findings.add('spec.storage', 'Predictor Storage field missing')
  if (storage?.persistentVolumeClaim !== undefined) {
    findings.add('spec.storage.persistentVolumeClaim', 'is not supported; use storage parameters of type pvc')
  }
  if (storage?.s3 !== undefined && (storage.s3.secretKey ?? '') === '') {
    findings.add('spec.storage.s3.secretKey', 'is missing')
  }
  if (storage?.s3 !== undefined && storage.key !== undefined) {
    findings.add('spec.storage.key', 'cannot be given together with s3; leave one of them out')
  }
  if (((spec?.path ?? '') !== '') === ((storage?.path ?? '') !== '')) {
    findings.add('spec.path', 'the path must be given either here or in storage.path')
  }
  if (gpu !== undefined && gpu !== 'required' && gpu !== 'preferred') {
    findings.add('spec.gpu', `${shown(gpu)} is not known; allowed are required and preferred`)
  }
  return findings.violations
}

function checkFormat(format: unknown, path: string, findings: Findings): void {
  const { name, version } = (format ?? {}) as { name?: unknown; version?: unknown }
  if (typeof name !== 'string' || name === '')
    findings.add(`${path}.name`, 'is missing; for example: sklearn')
  if (version !== undefined && typeof version !== 'string') {
    findings.add(`${path}.version`, `${shown(version)} is not a text; write it in quotes`)
  }
}

function checkProtocol(protocol: unknown, path: string, findings: Findings): void {
  if (protocol === undefined || (typeof protocol === 'string' && PROTOCOL_VERSIONS.includes(protocol))) return
  findings.add(path, `${shown(protocol)} is not known; allowed are ${PROTOCOL_VERSIONS.join(', ')}`)
}
