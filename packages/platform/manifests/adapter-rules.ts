import { readQuantity } from '../resources/index.ts'
import { readEndpoint } from './endpoint.ts'
import {
  ADAPTED_SERVERS,
  ADAPTER_MODEL_BYTES,
  capacityBytesMin,
  isReservedPort,
  LOADING_TIMEOUT_MS_MIN,
  RESERVED_PORTS_TEXT,
} from './modelmesh-words.ts'
import type { BuiltInAdapter, Container, ServingRuntimeSpec } from './serving-runtime.ts'
import { type Findings, shown } from './violation.ts'

/** Variables of an adapter that it cannot start with unless they are numbers. */
const NUMERIC_VARIABLES: ReadonlySet<string> = new Set([
  'ADAPTER_PORT',
  'RUNTIME_PORT',
  'CONTAINER_MEM_REQ_BYTES',
  'MEM_BUFFER_BYTES',
  'LOADTIME_TIMEOUT',
  'LOADING_CONCURRENCY',
  'LIMIT_PER_MODEL_CONCURRENCY',
  'DEFAULT_MODELSIZE',
  'MODELSIZE_MULTIPLIER',
])

/** What an adapter needs to start, and ModelMesh to start with what it answers. */
export function checkAdapter(spec: ServingRuntimeSpec, adapter: BuiltInAdapter, findings: Findings): void {
  const path = 'spec.builtInAdapter'
  const { serverType, runtimeManagementPort, modelLoadingTimeoutMillis, memBufferBytes } = adapter
  const container = spec.containers.find(({ name }) => name === serverType)
  if (!ADAPTED_SERVERS.includes(serverType)) {
    findings.add(
      `${path}.serverType`,
      `${shown(serverType)} has no adapter; allowed are ${ADAPTED_SERVERS.join(', ')}`,
    )
  } else if (container === undefined) {
    const names = spec.containers.map(({ name }) => name).join(', ')
    findings.add(`${path}.serverType`, `there must be a container named ${serverType}; there is ${names}`)
  }
  if (
    !Number.isInteger(runtimeManagementPort) ||
    runtimeManagementPort < 1 ||
    runtimeManagementPort > 65_535
  ) {
    findings.add(
      `${path}.runtimeManagementPort`,
      `${shown(runtimeManagementPort)} is not a port from 1 to 65535`,
    )
  }
  if (!Number.isInteger(modelLoadingTimeoutMillis) || modelLoadingTimeoutMillis < LOADING_TIMEOUT_MS_MIN) {
    findings.add(
      `${path}.modelLoadingTimeoutMillis`,
      `${shown(modelLoadingTimeoutMillis ?? 0)} keeps ModelMesh from starting; it must be at least ${LOADING_TIMEOUT_MS_MIN}, such as 90000`,
    )
  }
  if (!Number.isInteger(memBufferBytes) || memBufferBytes <= 0) {
    findings.add(
      `${path}.memBufferBytes`,
      `${shown(memBufferBytes ?? 0)} leaves the server no memory but for models; give it some, such as 134217728 (128Mi)`,
    )
  }
  if (readEndpoint(spec.grpcEndpoint)?.kind !== 'port') {
    findings.add(
      'spec.grpcEndpoint',
      `${shown(spec.grpcEndpoint)} must be port:N where a built-in adapter is used, such as port:8085`,
    )
  }
  for (const [index, { name, value }] of (adapter.env ?? []).entries()) {
    if (NUMERIC_VARIABLES.has(name) && value !== undefined && !/^-?\d+(?:\.\d+)?$/.test(value)) {
      findings.add(
        `${path}.env[${index}].value`,
        `${name} is ${shown(value)}; the adapter ends if it is not a number`,
      )
    }
  }
  if (container === undefined) return
  checkPorts(spec, adapter, container, findings)
  checkCapacity(spec, adapter, container, findings)
}

/** Ports that an MLServer is told by variables; what its image says is not seen from here. */
function checkPorts(
  { containers }: ServingRuntimeSpec,
  { runtimeManagementPort }: BuiltInAdapter,
  container: Container,
  findings: Findings,
): void {
  for (const [index, { name, value }] of (container.env ?? []).entries()) {
    const path = `spec.containers[${containers.indexOf(container)}].env[${index}].value`
    if (/^MLSERVER_(HTTP|GRPC|METRICS)_PORT$/.test(name) && isReservedPort(Number(value))) {
      findings.add(
        path,
        `${name} is ${shown(value)}, which ModelMesh uses itself; reserved are ${RESERVED_PORTS_TEXT}`,
      )
    }
    if (name === 'MLSERVER_GRPC_PORT' && value !== undefined && Number(value) !== runtimeManagementPort) {
      findings.add(
        path,
        `${name} is ${shown(value)}, and the adapter asks at runtimeManagementPort ${shown(runtimeManagementPort)}`,
      )
    }
  }
}

function checkCapacity(
  spec: ServingRuntimeSpec,
  { memBufferBytes, env = [] }: BuiltInAdapter,
  container: Container,
  findings: Findings,
): void {
  // Whoever counts memory of another kind, as a GPU's, says so here.
  if (env.some(({ name }) => name === 'CONTAINER_MEM_REQ_BYTES')) return
  const path = `spec.containers[${spec.containers.indexOf(container)}].resources.requests.memory`
  const request = container.resources?.requests?.['memory']
  if (request === undefined) {
    findings.add(path, 'is missing; the adapter takes it for what models may use, and does not start without')
    return
  }
  const bytes = readQuantity(request)
  const least = capacityBytesMin(ADAPTER_MODEL_BYTES)
  if (bytes !== undefined && bytes - memBufferBytes < least) {
    findings.add(
      path,
      `${shown(request)} leaves ${Math.floor(bytes - memBufferBytes)} bytes for models beside memBufferBytes ${memBufferBytes}; ModelMesh needs at least ${least}`,
    )
  }
}
