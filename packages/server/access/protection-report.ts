import type { ListenerSecurity, ServerLogger } from '../base/index.ts'

/** One listener as it listens. */
export interface ListeningPort {
  /** `REST`, `gRPC`, `metrics`. */
  readonly name: string
  readonly port: number
  readonly security: ListenerSecurity
}

/**
 * Says what protects each listener, and warns of those that others than this machine can reach without TLS or without
 * saying who they are. Nothing is said of a bare listener on loopback.
 * @param host as it was asked for
 */
export function reportProtection(host: string, listeners: readonly ListeningPort[], log: ServerLogger): void {
  const isReachable = !isLoopback(host)
  const isBare = ({ security }: ListeningPort) => !hasTls(security) && !isAuthenticated(security)
  if (isReachable && listeners.every(isBare)) {
    log.warn(
      `listening on ${host} without TLS or authentication: whoever reaches these ports can use, load and unload models; ` +
        'set security.tls and security.api_keys_file or security.jwt, keep the ports behind a proxy or a network policy, ' +
        'or set host to 127.0.0.1',
    )
    return
  }
  for (const listener of listeners) {
    const { name, port, security } = listener
    const parts = partsOf(security)
    const place = `${name} on ${host}:${port}`
    const missing = isReachable ? dangersOf(name, security) : []
    if (missing.length > 0) {
      const what = parts.length === 0 ? 'nothing' : parts.join(', ')
      log.warn(`${place} is protected by ${what}, but ${missing.join(', and ')}`)
    } else if (parts.length > 0) {
      log.info(`${place} is protected by ${parts.join(', ')}`)
    }
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.')
}

function hasTls({ tls }: ListenerSecurity): boolean {
  return tls !== undefined
}

function isAuthenticated({ tls, apiKeys, jwt }: ListenerSecurity): boolean {
  return tls?.clientCaFile !== undefined || apiKeys !== undefined || jwt !== undefined
}

function partsOf({ tls, apiKeys, jwt, rateLimit }: ListenerSecurity): readonly string[] {
  return [
    ...(tls === undefined ? [] : [tls.clientCaFile === undefined ? 'TLS' : 'TLS with client certificates']),
    ...(apiKeys === undefined ? [] : ['API keys']),
    ...(jwt === undefined ? [] : ['tokens']),
    ...(rateLimit === undefined
      ? []
      : [`a limit of ${rateLimit.requestsPerSecond} requests per second and caller`]),
  ]
}

function dangersOf(name: string, security: ListenerSecurity): readonly string[] {
  const use = name === 'metrics' ? 'read the metrics' : 'use, load and unload models'
  return [
    ...(hasTls(security) ? [] : ['without TLS: credentials, requests and answers can be read on the way']),
    ...(isAuthenticated(security) ? [] : [`without authentication: whoever reaches it can ${use}`]),
  ]
}
