import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { loadServerSettings } from './load-server-settings.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'settings-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function load(file: object, environment: Record<string, string> = {}) {
  await writeFile(join(folder, 'settings.json'), JSON.stringify(file))
  return loadServerSettings({ folder, environment, workingDirectory: folder })
}

const TLS = { certificate_file: 'tls.crt', key_file: 'tls.key' }
const JWT = { issuer: 'https://issuer.example', audience: 'millrace', jwks_file: 'jwks.json' }

test('listeners inherit what they do not mention; null switches off', async () => {
  const { settings, warnings } = await load({
    security: { tls: TLS, api_keys_file: 'keys.json', rate_limit: { requests_per_second: 2.5 } },
    rest_security: { tls: { ...TLS, client_ca_file: '/ca.pem', min_version: 'TLSv1.3' }, jwt: JWT },
    metrics_security: { api_keys_file: null, rate_limit: { requests_per_second: 0.5, burst: 7 } },
  })
  const { rest, grpc, metrics } = settings.security
  assert.deepEqual(warnings, [])
  assert.deepEqual(rest.tls, {
    field: 'rest_security.tls',
    certificateFile: join(folder, 'tls.crt'),
    keyFile: join(folder, 'tls.key'),
    clientCaFile: '/ca.pem',
    minVersion: 'TLSv1.3',
  })
  assert.deepEqual(rest.apiKeys, { field: 'security.api_keys_file', file: join(folder, 'keys.json') })
  assert.deepEqual(rest.rateLimit, { requestsPerSecond: 2.5, burst: 3 })
  assert.equal(rest.jwt?.jwksFile, join(folder, 'jwks.json'))
  assert.equal(rest.jwt.scopeClaim, 'scope')
  assert.equal(rest.jwt.clockToleranceSeconds, 5)
  assert.ok(rest.jwt.algorithms.includes('EdDSA'))
  assert.equal(rest.jwt.algorithms.filter(name => name.startsWith('HS') || name === 'none').length, 0)

  assert.equal(grpc.tls?.field, 'security.tls')
  assert.equal(grpc.tls.minVersion, 'TLSv1.2')
  assert.equal(grpc.jwt, undefined)
  assert.equal(metrics.tls, grpc.tls)
  assert.equal(metrics.apiKeys, undefined)
  assert.deepEqual(metrics.rateLimit, { requestsPerSecond: 0.5, burst: 7 })
})

test('variables hold JSON text, for a group or for a member of the common one', async () => {
  const { settings, origins } = await load(
    {},
    {
      MILLRACE_TLS: JSON.stringify(TLS),
      MLSERVER_API_KEYS_FILE: '/keys.json',
      MILLRACE_REST_SECURITY: '{"rate_limit":{"requests_per_second":"10"}}',
      MILLRACE_GRPC_SECURITY: '{"tls":null}',
    },
  )
  const { rest, grpc, metrics } = settings.security
  assert.equal(rest.tls?.field, 'security.tls')
  assert.equal(grpc.tls, undefined)
  assert.equal(metrics.apiKeys?.file, '/keys.json')
  assert.deepEqual(rest.rateLimit, { requestsPerSecond: 10, burst: 10 })
  assert.equal(grpc.rateLimit, undefined)
  assert.equal(origins.get('security.tls'), 'environment MILLRACE_TLS')
  assert.equal(origins.get('metrics_security'), 'default')
})

test('mistakes name the field and what is allowed', async () => {
  const cases: [file: object, message: RegExp][] = [
    [{ security: { tls: { key_file: 'x' } } }, /settings\.json: security\.tls\.certificate_file is missing/],
    [{ rest_security: { tls: { certificate_file: 'x' } } }, /rest_security\.tls\.key_file is missing/],
    [
      { security: { tls: { ...TLS, min_version: 'TLSv1' } } },
      /security\.tls\.min_version is "TLSv1"; allowed is one of TLSv1\.2, TLSv1\.3/,
    ],
    [
      { grpc_security: { jwt: { ...JWT, algorithms: ['HS256'] } } },
      /grpc_security\.jwt\.algorithms\[0\] is "HS256"; allowed is one of RS256, /,
    ],
    [
      { security: { jwt: { ...JWT, algorithms: [] } } },
      /security\.jwt\.algorithms is a list of 0; allowed is/,
    ],
    [{ security: { jwt: { issuer: 'x', jwks_file: 'y' } } }, /security\.jwt\.audience is missing/],
    [
      { security: { jwt: { ...JWT, jwks_file: undefined } } },
      /security\.jwt\.jwks_file is undefined; allowed is a file, unless jwks_url/,
    ],
    [
      { security: { jwt: { ...JWT, jwks_url: 'https://issuer.example/jwks' } } },
      /security\.jwt\.jwks_url is .*; allowed is no value beside jwks_file/,
    ],
    [
      { security: { jwt: { issuer: 'x', audience: 'y', jwks_url: 'http://issuer.example/jwks' } } },
      /security\.jwt\.jwks_url is "http:\/\/issuer\.example\/jwks"; allowed is/,
    ],
    [
      { security: { rate_limit: { requests_per_second: 0 } } },
      /security\.rate_limit\.requests_per_second is 0; allowed is a number from 0\.001/,
    ],
    [{ security: { rate_limit: {} } }, /security\.rate_limit\.requests_per_second is missing/],
    [
      { security: { api_key_file: 'x' } },
      /security\.api_key_file is not a setting; did you mean 'api_keys_file'/,
    ],
    [{ metrics_security: { tls: { ...TLS, ca: 'x' } } }, /metrics_security\.tls\.ca is not a setting/],
  ]
  for (const [file, message] of cases) {
    await assert.rejects(load(file), { code: 'INVALID_ARGUMENT', message }, JSON.stringify(file))
  }
})

async function warningsOf(cors: object): Promise<readonly string[]> {
  return (await load({ cors_settings: cors })).warnings
}

test('pages of every origin with credentials are warned about', async () => {
  assert.deepEqual(await warningsOf({ allow_origins: ['*'], allow_credentials: true }), [
    'cors_settings lets the pages of every origin send credentials; name the origins that may',
  ])
  assert.deepEqual(await warningsOf({ allow_origins: ['*'] }), [])
  assert.deepEqual(await warningsOf({ allow_origins: ['https://a.example'], allow_credentials: true }), [])
})
