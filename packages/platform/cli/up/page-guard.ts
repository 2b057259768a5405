import type { HandOver, ServerSettings } from '@millrace/server'

type Request = Parameters<HandOver['handle']>[0]
type Settings = Pick<ServerSettings, 'cors'>

export interface PageGuardOptions {
  readonly settings: Settings
  /** True for a server that only this machine reaches. */
  readonly isLoopback: boolean
}

/**
 * Keeps web pages of other origins away from the manager, whose uploads run commands: a browser sends a form to
 * `127.0.0.1` for whatever page asks it to, without asking the server first. Allowed are the server's own pages and the
 * origins of `cors_settings`. A server that only this machine reaches answers under this machine's names alone, or a
 * page could have its own name mean `127.0.0.1`. Programs send no origin, and are not concerned.
 */
export function guardFromPages(http: HandOver, options: PageGuardOptions): HandOver {
  return {
    takes: http.takes,
    handle(request, response) {
      const objection = objectionTo(request, options)
      if (objection === undefined) {
        http.handle(request, response)
        return
      }
      request.resume()
      response.writeHead(403, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ message: objection, error: 'InvalidRequest' }))
    },
  }
}

function objectionTo({ headers }: Request, { settings, isLoopback }: PageGuardOptions): string | undefined {
  const { host = '', origin } = headers
  if (isLoopback && !isThisMachine(host)) {
    return `the host ${JSON.stringify(host)} is not a name of this machine, which alone may ask here; use 127.0.0.1 or localhost`
  }
  if (origin === undefined || isOwnOrigin(origin, host) || isAllowed(origin, settings)) return undefined
  return `pages of ${origin} may not ask the manager; allow them in cors_settings.allow_origins (MLSERVER_ALLOW_ORIGINS)`
}

/** By the name in a `Host` header, whatever the port. */
function isThisMachine(host: string): boolean {
  const name = host.replace(/:\d+$/, '').toLowerCase()
  return (
    name === 'localhost' ||
    name.endsWith('.localhost') ||
    name === '[::1]' ||
    /^127(?:\.\d{1,3}){3}$/.test(name)
  )
}

function isOwnOrigin(origin: string, host: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === host.toLowerCase()
}

function isAllowed(origin: string, { cors }: Settings): boolean {
  if (cors === undefined) return false
  const { allowedOrigins, allowedOriginPattern } = cors
  return (
    allowedOrigins.includes('*') ||
    allowedOrigins.includes(origin) ||
    (origin.length <= 512 && allowedOriginPattern?.test(origin) === true)
  )
}
