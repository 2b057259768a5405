/**
 * The path of a request line's target, not decoded. Of the absolute form that proxies send, origin and
 * all, only the path counts; `*` and other forms without a path stay as they are.
 */
export function pathOf(target: string): string {
  const local = withoutOrigin(target)
  const queryStart = local.indexOf('?')
  return queryStart === -1 ? local : local.slice(0, queryStart)
}

/** What follows the question mark, or an empty string. */
export function queryOf(target: string): string {
  const queryStart = target.indexOf('?')
  return queryStart === -1 ? '' : target.slice(queryStart + 1)
}

const ORIGIN = /^https?:\/\/[^/?#]*/i

function withoutOrigin(target: string): string {
  if (target.startsWith('/')) return target
  const origin = ORIGIN.exec(target)?.[0]
  if (origin === undefined) return target
  const local = target.slice(origin.length)
  return local.startsWith('/') ? local : `/${local}`
}
