/** First segments of paths that answer programs; everything else is a page. */
const FOR_PROGRAMS: ReadonlySet<string> = new Set([
  'api',
  'gateway',
  'health',
  'metrics',
  'monitoring',
  'rootcause',
  'stat',
  'swagger',
  'v1',
  'v2',
  'visualization',
])

/** Whether a path, as it came and without the query, belongs to the web interface. `rootPath` leads to the server's routes. */
export function isUiPath(path: string, rootPath: string): boolean {
  if (rootPath !== '' && (path === rootPath || path.startsWith(`${rootPath}/`))) return false
  const end = path.indexOf('/', 1)
  return path.startsWith('/') && !FOR_PROGRAMS.has(path.slice(1, end === -1 ? undefined : end))
}

/** The path of a request's target: without an origin, which proxies send, and without the query. */
export function pathOfTarget(target = ''): string {
  return target.replace(/^https?:\/\/[^/?#]*/i, '').split('?', 1)[0]!
}
