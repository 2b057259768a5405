/** Paths that the manager answers; inference under `/api/v1/applications/serve` is the gateway's. */
const PREFIXES: readonly string[] = [
  '/api/',
  '/swagger/',
  '/monitoring/',
  '/rootcause/',
  '/visualization/',
  '/stat/',
]
const PATHS: ReadonlySet<string> = new Set(['/swagger'])
const GATEWAY_PREFIX = '/api/v1/applications/serve/'

export function managerTakes(path: string): boolean {
  if (PATHS.has(path)) return true
  return PREFIXES.some(prefix => path.startsWith(prefix)) && !path.startsWith(GATEWAY_PREFIX)
}
