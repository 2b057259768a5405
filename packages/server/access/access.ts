import type {
  ApiKeysSettings,
  JwtSettings,
  ListenerSecurity,
  SecuritySettings,
  ServerLogger,
  TlsSettings,
} from '../base/index.ts'
import type { AdmissionCheck, HttpRoute, TlsListenerOptions } from '../transport/index.ts'
import { type AdmissionRules, admissionFor } from './admission.ts'
import { watchApiKeys } from './api-keys.ts'
import { createAuthentication } from './authentication.ts'
import { createRateLimit } from './rate-limit.ts'
import { grpcRequirement, restRequirement } from './scope.ts'
import { toListenerOptions, watchTlsCredentials } from './tls-credentials.ts'

/** What a listener is given to protect it; members that are `undefined` cost it nothing. */
export interface ListenerAccess<Route> {
  readonly tls: TlsListenerOptions | undefined
  readonly admissionOf: ((route: Route) => AdmissionCheck | null) | undefined
}

/** Who may use the listeners of a server. */
export interface Access {
  readonly rest: ListenerAccess<HttpRoute>
  /** Its routes are the methods' paths. */
  readonly grpc: ListenerAccess<string>
  readonly metrics: ListenerAccess<HttpRoute>
  /** Stops watching the files. Idempotent. */
  close(): void
}

/**
 * Reads certificates, keys and key sets, and watches them. `null` when nothing is protected.
 * @param ownKey an API key that is accepted besides, wherever callers have to say who they are
 * @throws ServingError INVALID_ARGUMENT naming the setting whose file is missing or cannot be used
 */
export async function createAccess(
  settings: SecuritySettings,
  log: ServerLogger,
  ownKey?: string,
): Promise<Access | null> {
  const { rest, grpc, metrics } = settings
  const listeners = [rest, grpc, metrics]
  if (!listeners.some(isProtected)) return null

  const opened: { close(): void }[] = []
  const keep = async <T extends { close(): void }>(opening: Promise<T>): Promise<T> => {
    const resource = await opening
    opened.push(resource)
    return resource
  }
  // Listeners that inherit a setting share what it names.
  const credentials = shared((tls: TlsSettings) => keep(watchTlsCredentials(tls, log)))
  const apiKeys = shared((keys: ApiKeysSettings) => keep(watchApiKeys(keys, log)))
  const tokens = shared(async (jwt: JwtSettings) => {
    // Loaded only for those who take tokens.
    const { openTokens } = await import('./tokens.ts')
    return keep(openTokens(jwt, log))
  })

  const open = async (security: ListenerSecurity): Promise<OpenedListener> => {
    const tls = await credentials(security.tls)
    const keys = await apiKeys(security.apiKeys)
    const verifier = await tokens(security.jwt)
    const { rateLimit } = security
    return {
      tls: tls === undefined ? undefined : toListenerOptions(tls),
      rules: {
        authenticate:
          keys === undefined && verifier === undefined
            ? undefined
            : createAuthentication(keys, verifier, ownKey),
        rateLimit: rateLimit === undefined ? undefined : createRateLimit(rateLimit),
      },
    }
  }
  const close = () => {
    for (const resource of opened) resource.close()
  }
  try {
    return {
      rest: listenerAccess(await open(rest), ({ path }: HttpRoute, rules) =>
        admissionFor(restRequirement(path), rules),
      ),
      grpc: listenerAccess(await open(grpc), (path: string, rules) =>
        admissionFor(grpcRequirement(path), rules),
      ),
      metrics: listenerAccess(await open(metrics), (_: HttpRoute, rules) => admissionFor('KNOWN', rules)),
      close,
    }
  } catch (error) {
    close()
    throw error
  }
}

interface OpenedListener {
  readonly tls: TlsListenerOptions | undefined
  readonly rules: AdmissionRules
}

function listenerAccess<Route>(
  { tls, rules }: OpenedListener,
  checkOf: (route: Route, rules: AdmissionRules) => AdmissionCheck | null,
): ListenerAccess<Route> {
  return { tls, admissionOf: route => checkOf(route, rules) }
}

function isProtected({ tls, apiKeys, jwt, rateLimit }: ListenerSecurity): boolean {
  return [tls, apiKeys, jwt, rateLimit].some(part => part !== undefined)
}

/** Opens each thing once, however often it is asked for. */
function shared<S extends object, T>(
  open: (settings: S) => Promise<T>,
): (settings: S | undefined) => Promise<T | undefined> {
  const opened = new Map<S, Promise<T>>()
  return async settings => {
    if (settings === undefined) return undefined
    const known = opened.get(settings) ?? open(settings)
    opened.set(settings, known)
    return known
  }
}
