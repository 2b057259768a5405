import { resolve } from 'node:path'
import { JWT_ALGORITHMS } from './security-settings-schema.ts'
import type { ServerSettingsFields } from './server-settings-schema.ts'

/** Of every part, `field` is its name in the settings file, for messages: `rest_security.tls`. Paths are absolute. */
export interface TlsSettings {
  readonly field: string
  readonly certificateFile: string
  readonly keyFile: string
  /** Set: clients must show a certificate from these authorities. */
  readonly clientCaFile: string | undefined
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3'
}

export interface ApiKeysSettings {
  readonly field: string
  readonly file: string
}

/** Exactly one of `jwksFile` and `jwksUrl` is set. */
export interface JwtSettings {
  readonly field: string
  readonly issuer: string
  readonly audience: string
  readonly jwksFile: string | undefined
  readonly jwksUrl: string | undefined
  readonly algorithms: readonly string[]
  readonly scopeClaim: string
  readonly clockToleranceSeconds: number
}

export interface RateLimitSettings {
  readonly requestsPerSecond: number
  readonly burst: number
}

/** What protects one listener; `undefined` is switched off. Listeners that inherit a part share its object. */
export interface ListenerSecurity {
  readonly tls: TlsSettings | undefined
  readonly apiKeys: ApiKeysSettings | undefined
  readonly jwt: JwtSettings | undefined
  readonly rateLimit: RateLimitSettings | undefined
}

export interface SecuritySettings {
  readonly rest: ListenerSecurity
  readonly grpc: ListenerSecurity
  readonly metrics: ListenerSecurity
}

type Fields = Pick<ServerSettingsFields, 'security' | 'rest_security' | 'grpc_security' | 'metrics_security'>
type Members = Partial<NonNullable<Fields['security']>>
type Member<N extends keyof Members> = NonNullable<Members[N]>

const NOTHING: ListenerSecurity = {
  tls: undefined,
  apiKeys: undefined,
  jwt: undefined,
  rateLimit: undefined,
}

/** What each listener is protected by: its own members, and those of `security` that it does not mention. */
export function toSecuritySettings(fields: Fields, workingDirectory: string): SecuritySettings {
  const toPath = (path: string) => resolve(workingDirectory, path)
  const read = (inherited: ListenerSecurity, name: keyof Fields): ListenerSecurity => {
    // Of the members that are not set, those of overriding objects are not even there.
    const members: Members = fields[name] ?? {}
    const { tls, api_keys_file: apiKeysFile, jwt, rate_limit: rateLimit } = members
    return {
      tls: replaced(tls, inherited.tls, value => toTls(value, `${name}.tls`, toPath)),
      apiKeys: replaced(apiKeysFile, inherited.apiKeys, value => ({
        field: `${name}.api_keys_file`,
        file: toPath(value),
      })),
      jwt: replaced(jwt, inherited.jwt, value => toJwt(value, `${name}.jwt`, toPath)),
      rateLimit: replaced(rateLimit, inherited.rateLimit, toRateLimit),
    }
  }
  const common = read(NOTHING, 'security')
  return {
    rest: read(common, 'rest_security'),
    grpc: read(common, 'grpc_security'),
    metrics: read(common, 'metrics_security'),
  }
}

function replaced<F, T>(field: F | null | undefined, inherited: T, toValue: (field: F) => T): T | undefined {
  if (field === undefined) return inherited
  return field === null ? undefined : toValue(field)
}

function toTls(fields: Member<'tls'>, field: string, toPath: (path: string) => string): TlsSettings {
  const { certificate_file: certificate, key_file: key, client_ca_file: clientCa } = fields
  return {
    field,
    certificateFile: toPath(certificate),
    keyFile: toPath(key),
    clientCaFile: clientCa === undefined ? undefined : toPath(clientCa),
    minVersion: fields.min_version ?? 'TLSv1.2',
  }
}

function toJwt(fields: Member<'jwt'>, field: string, toPath: (path: string) => string): JwtSettings {
  return {
    field,
    issuer: fields.issuer,
    audience: fields.audience,
    jwksFile: fields.jwks_file === undefined ? undefined : toPath(fields.jwks_file),
    jwksUrl: fields.jwks_url,
    algorithms: fields.algorithms ?? JWT_ALGORITHMS,
    scopeClaim: fields.scope_claim ?? 'scope',
    clockToleranceSeconds: fields.clock_tolerance ?? 5,
  }
}

function toRateLimit(fields: Member<'rate_limit'>): RateLimitSettings {
  const { requests_per_second: requestsPerSecond, burst } = fields
  return { requestsPerSecond, burst: burst ?? Math.max(1, Math.ceil(requestsPerSecond)) }
}
