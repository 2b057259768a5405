/** What a caller may do: `infer` asks models and about them, `admin` loads, unloads and lists them. */
export const SCOPES = ['infer', 'admin'] as const
export type Scope = (typeof SCOPES)[number]

/** What a route asks of its callers: a scope, to be known at all, or nothing. */
export type Requirement = Scope | 'KNOWN' | 'NOTHING'

/** Probes come without credentials, and learn whether the server lives and nothing more. */
const OPEN_ROUTES: ReadonlySet<string> = new Set(['/v2/health/live', '/v2/health/ready', '/health'])
const REPOSITORY_ROUTES = '/v2/repository/'
const MESH_ROUTES = /^\/v2\/mesh(?:\/|$)/
/** Where a control plane is asked; applications of the first generation are asked for predictions below it all the same. */
const MANAGER_ROUTES = /^\/(?:api|monitoring|stat)\//
const LEGACY_PREDICTION = '/api/v1/applications/serve/'

/** By the route's pattern. What is not known here asks for `infer`. */
export function restRequirement(route: string): Requirement {
  if (OPEN_ROUTES.has(route)) return 'NOTHING'
  const isManaging = MANAGER_ROUTES.test(route) && !route.startsWith(LEGACY_PREDICTION)
  return isManaging || route.startsWith(REPOSITORY_ROUTES) || MESH_ROUTES.test(route) ? 'admin' : 'infer'
}

const OPEN_METHODS: ReadonlySet<string> = new Set([
  '/inference.GRPCInferenceService/ServerLive',
  '/inference.GRPCInferenceService/ServerReady',
])
const HEALTH_SERVICE = '/grpc.health.v1.Health/'
const REPOSITORY_METHOD = /^\/inference\..*\/Repository\w+$/
const MESH_METHOD = /^\/mmesh\./
const MANAGER_METHOD = /^\/(?:mmesh|hydrosphere\.(?:serving\.)?(?:manager|discovery))\./

/** By the method's path. What is not known here asks for `infer`. */
export function grpcRequirement(path: string): Requirement {
  if (OPEN_METHODS.has(path) || path.startsWith(HEALTH_SERVICE)) return 'NOTHING'
  const isManaging = [REPOSITORY_METHOD, MANAGER_METHOD, MESH_METHOD].some(method => method.test(path))
  return isManaging ? 'admin' : 'infer'
}
