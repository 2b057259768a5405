/** What ModelMesh keeps for itself in the pods of a runtime. Source: its controller's validation. */
export const RESERVED_CONTAINERS: ReadonlySet<string> = new Set(['mm', 'rest-proxy', 'puller'])
export const RESERVED_VOLUMES: ReadonlySet<string> = new Set([
  'storage-config',
  'etcd-config',
  'tc-config',
  'domain-socket',
  'models-dir',
])
export const RESERVED_PORT_NAMES: ReadonlySet<string> = new Set(['grpc', 'http', 'prometheus'])
/** Names that begin so are ModelMesh's own. */
export const RESERVED_PREFIX = 'mm-'

export function isReservedPort(port: number): boolean {
  return RESERVED_PORTS.has(port) || (port >= 11_881 && port <= 11_899)
}

const RESERVED_PORTS: ReadonlySet<number> = new Set([8080, 8085, 8089, 8090])
/** For messages. */
export const RESERVED_PORTS_TEXT = '8080, 8085, 8089, 8090 and 11881 to 11899'

/** Servers that ModelMesh has an adapter for. */
export const ADAPTED_SERVERS: readonly string[] = ['mlserver', 'triton', 'ovms', 'torchserve']

export const PROTOCOL_VERSIONS: readonly string[] = ['grpc-v2', 'grpc-v1', 'v2', 'v1']

/** What an adapter takes a model for that has no size yet; its `DEFAULT_MODELSIZE`. */
export const ADAPTER_MODEL_BYTES = 1_000_000
/** Below this ModelMesh does not start. */
export const LOADING_TIMEOUT_MS_MIN = 100

/**
 * The least memory for models that ModelMesh starts with: room for two of the default size, and for ten of them or half a
 * gibibyte, whichever is less.
 */
export function capacityBytesMin(modelBytes: number): number {
  return Math.max(2 * modelBytes, Math.min(512 * 2 ** 20, 10 * modelBytes))
}
