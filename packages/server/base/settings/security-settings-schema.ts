/** Signatures by which a token may be checked: those of key pairs, so that knowing the public key forges nothing. */
export const JWT_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const

const file = { type: 'string', minLength: 1, maxLength: 4096 } as const
const name = { type: 'string', minLength: 1, maxLength: 1024 } as const

const tls = {
  type: ['object', 'null'],
  title: 'TLS',
  description: 'Encrypts the connections. The files are read again when they change. Null: no TLS.',
  additionalProperties: false,
  required: ['certificate_file', 'key_file'],
  properties: {
    certificate_file: {
      ...file,
      title: 'Certificate',
      description: 'PEM file with the certificate, and after it those of its issuers.',
    },
    key_file: { ...file, title: 'Key', description: "PEM file with the certificate's private key." },
    client_ca_file: {
      ...file,
      title: 'Certificate authority of clients',
      description:
        'PEM file with the authorities that issue certificates to clients; clients without such a certificate are refused. Default: none.',
    },
    min_version: {
      enum: ['TLSv1.2', 'TLSv1.3'],
      title: 'Oldest version of TLS',
      description: 'Clients that only speak older versions are refused.',
      default: 'TLSv1.2',
    },
  },
} as const

const apiKeysFile = {
  type: ['string', 'null'],
  minLength: 1,
  maxLength: 4096,
  title: 'API keys',
  description:
    'JSON file with the keys that callers send as "Authorization: Bearer …" or "x-api-key": {"keys": [{"name", "key_sha256" or "key", "scopes"}]}. It is read again when it changes. Null: no keys.',
} as const

const jwt = {
  type: ['object', 'null'],
  title: 'Tokens',
  description: 'Accepts JSON Web Tokens, sent as "Authorization: Bearer …". Null: no tokens.',
  additionalProperties: false,
  required: ['issuer', 'audience'],
  properties: {
    issuer: { ...name, title: 'Issuer', description: 'What the claim "iss" must be.' },
    audience: { ...name, title: 'Audience', description: 'What the claim "aud" must contain.' },
    jwks_file: {
      ...file,
      title: 'Key set, as a file',
      description:
        "JSON Web Key Set with the issuer's public keys. It is read again when it changes. Default: none.",
    },
    jwks_url: {
      type: 'string',
      maxLength: 2048,
      pattern: String.raw`^(https://|http://(localhost|127\.0\.0\.1|\[::1\])[:/])`,
      title: 'Key set, as an address',
      description:
        'Where the issuer publishes its JSON Web Key Set: https, or http on this machine. It is fetched when it is needed and kept for ten minutes. Default: none.',
    },
    algorithms: {
      type: 'array',
      items: { enum: JWT_ALGORITHMS },
      title: 'Algorithms',
      description: 'Signatures that are accepted.',
      default: JWT_ALGORITHMS,
    },
    scope_claim: {
      ...name,
      title: 'Claim of the scopes',
      description: 'The claim that holds the scopes, as a list or a text with blanks between them.',
      default: 'scope',
    },
    clock_tolerance: {
      type: 'number',
      minimum: 0,
      maximum: 300,
      title: 'Clock tolerance',
      description: "Seconds that the issuer's clock may differ from this server's.",
      default: 5,
    },
  },
} as const

const rateLimit = {
  type: ['object', 'null'],
  title: 'Rate limit',
  description:
    'Requests that one caller may send to a listener: by its key or token, or by its address without one. Null: no limit.',
  additionalProperties: false,
  required: ['requests_per_second'],
  properties: {
    requests_per_second: {
      type: 'number',
      minimum: 0.001,
      maximum: 1_000_000,
      title: 'Requests per second',
      description: 'How many requests a caller may send each second in the long run.',
    },
    burst: {
      type: 'integer',
      minimum: 1,
      maximum: 1_000_000,
      title: 'Burst',
      description:
        'How many requests a caller may send at once after a pause. Default: those of one second, at least 1.',
    },
  },
} as const

/** Members without a default: what is left out is inherited. */
function overriding(listener: string) {
  return {
    type: ['object', 'null'],
    title: `Security of the ${listener} listener`,
    description: `Members replace those of security for the ${listener} listener; null switches one off.`,
    default: null,
    additionalProperties: false,
    properties: {
      tls: { ...tls, description: inherited(tls.description) },
      api_keys_file: { ...apiKeysFile, description: inherited(apiKeysFile.description) },
      jwt: { ...jwt, description: inherited(jwt.description) },
      rate_limit: { ...rateLimit, description: inherited(rateLimit.description) },
    },
  } as const
}

function inherited(description: string): string {
  return `${description} Default: as in security.`
}

/** Who may use the listeners, and how their connections are protected. Nothing is switched on by default. */
export const securitySettingsSchemas = {
  security: {
    type: ['object', 'null'],
    title: 'Security',
    description:
      'TLS, API keys, tokens and rate limits for all listeners. Each member also has a variable of its own with JSON text, such as MILLRACE_TLS. Null: none.',
    default: null,
    additionalProperties: false,
    properties: {
      tls: { ...tls, default: null },
      api_keys_file: { ...apiKeysFile, default: null },
      jwt: { ...jwt, default: null },
      rate_limit: { ...rateLimit, default: null },
    },
  },
  rest_security: overriding('REST'),
  grpc_security: overriding('gRPC'),
  metrics_security: overriding('metrics'),
} as const
