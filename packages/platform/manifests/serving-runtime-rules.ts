import { checkAdapter } from './adapter-rules.ts'
import { checkContainers, checkReserved } from './container-rules.ts'
import { ENDPOINT_RULE, type Endpoint, readEndpoint } from './endpoint.ts'
import { PROTOCOL_VERSIONS } from './modelmesh-words.ts'
import { checkMetadata, SUBDOMAIN_RULE } from './name-rules.ts'
import { checkScaling } from './scaling-rules.ts'
import type { ModelFormat, ServingRuntime, ServingRuntimeSpec } from './serving-runtime.ts'
import { Findings, shown, type Violation } from './violation.ts'

/**
 * What KServe or ModelMesh would refuse in a `ServingRuntime`, or start and never get ready with. With `multiModel` the rules
 * are ModelMesh's, else those of single-model serving.
 */
export function checkServingRuntime(runtime: ServingRuntime): readonly Violation[] {
  const findings = new Findings()
  checkMetadata(runtime.metadata, SUBDOMAIN_RULE, findings)
  const { spec } = runtime
  if (!Array.isArray(spec?.containers) || spec.containers.length === 0) {
    findings.add('spec.containers', 'is missing; it must hold at least the model server')
    return findings.violations
  }
  checkContainers(spec.containers, findings)
  checkFormats(spec.supportedModelFormats ?? [], findings)
  checkProtocols(spec.protocolVersions ?? [], findings)
  if (spec.multiModel === true) checkForModelMesh(runtime, findings)
  else checkForSingleModels(spec, findings)
  return findings.violations
}

function checkForModelMesh(runtime: ServingRuntime, findings: Findings): void {
  const { spec } = runtime
  if (!spec.supportedModelFormats?.some(({ autoSelect }) => autoSelect === true)) {
    findings.add(
      'spec.supportedModelFormats',
      'none has autoSelect: true, so models would have to name this runtime; set it, or nothing is placed here by its format',
    )
  }
  checkReserved(spec, findings)
  checkScaling(runtime, findings)
  const control = checkEndpoint('grpcEndpoint', spec, findings)
  const data = checkEndpoint('grpcDataEndpoint', spec, findings)
  if (spec.grpcEndpoint === undefined) {
    findings.add(
      'spec.grpcEndpoint',
      'is missing; ModelMesh asks there for models to be loaded, such as port:8085',
    )
  }
  if (control?.kind === 'unix' && data?.kind === 'unix' && control.folder !== data.folder) {
    findings.add(
      'spec.grpcDataEndpoint',
      `${shown(spec.grpcDataEndpoint)} is not in the folder of grpcEndpoint, ${control.folder}; both sockets must be in one`,
    )
  }
  const { builtInAdapter } = spec
  if (builtInAdapter !== undefined) checkAdapter(spec, builtInAdapter, findings)
  // An adapter and the puller in front of a runtime know nothing of inference.
  const isBehindProxy = builtInAdapter !== undefined || spec.storageHelper?.disabled !== true
  if (isBehindProxy && spec.grpcDataEndpoint === undefined) {
    findings.add(
      'spec.grpcDataEndpoint',
      'is missing; requests would be sent to the adapter or the puller, which cannot answer them',
    )
  }
}

const MESH_ONLY = [
  'grpcEndpoint',
  'grpcDataEndpoint',
  'httpDataEndpoint',
  'builtInAdapter',
  'storageHelper',
] as const

function checkForSingleModels(spec: ServingRuntimeSpec, findings: Findings): void {
  for (const field of MESH_ONLY) {
    if (spec[field] !== undefined) {
      findings.add(
        `spec.${field}`,
        'has a meaning with multiModel: true only; leave it out, or set multiModel',
      )
    }
  }
  if (!spec.containers.some(({ name }) => name === 'kserve-container')) {
    findings.add(
      'spec.containers',
      'one must be named kserve-container; KServe puts the model and its variables into that one',
    )
  }
}

function checkEndpoint(
  field: 'grpcEndpoint' | 'grpcDataEndpoint',
  spec: ServingRuntimeSpec,
  findings: Findings,
): Endpoint | undefined {
  const text = spec[field]
  if (text === undefined) return undefined
  const endpoint = readEndpoint(text)
  if (endpoint === undefined) findings.add(`spec.${field}`, `${shown(text)} cannot be read; ${ENDPOINT_RULE}`)
  return endpoint
}

function checkFormats(formats: readonly ModelFormat[], findings: Findings): void {
  const priorities = new Map<string, number>()
  for (const [index, { name, version, autoSelect, priority }] of formats.entries()) {
    const path = `spec.supportedModelFormats[${index}]`
    if (typeof name !== 'string' || name === '')
      findings.add(`${path}.name`, 'is missing; for example: sklearn')
    if (version !== undefined && typeof version !== 'string') {
      findings.add(
        `${path}.version`,
        `${shown(version)} is not a text; write it in quotes: "${String(version)}"`,
      )
    }
    if (priority === undefined) continue
    if (!Number.isInteger(priority) || priority < 1) {
      findings.add(`${path}.priority`, `${shown(priority)} is not a whole number of at least 1`)
    }
    if (autoSelect !== true) continue
    const key = JSON.stringify([name, priority])
    const other = priorities.get(key)
    if (other !== undefined) {
      findings.add(
        `${path}.priority`,
        `${priority} is also that of supportedModelFormats[${other}] for ${shown(name)}; give each its own`,
      )
    }
    priorities.set(key, index)
  }
}

function checkProtocols(protocols: readonly string[], findings: Findings): void {
  for (const [index, protocol] of protocols.entries()) {
    if (PROTOCOL_VERSIONS.includes(protocol)) continue
    findings.add(
      `spec.protocolVersions[${index}]`,
      `${shown(protocol)} is not known; allowed are ${PROTOCOL_VERSIONS.join(', ')}`,
    )
  }
}
