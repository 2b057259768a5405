import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLogger, type ListenerSecurity } from '../base/index.ts'
import { reportProtection } from './protection-report.ts'

const BARE: ListenerSecurity = { tls: undefined, apiKeys: undefined, jwt: undefined, rateLimit: undefined }
const TLS = {
  field: 't',
  certificateFile: 'c',
  keyFile: 'k',
  clientCaFile: undefined,
  minVersion: 'TLSv1.2',
} as const
const KEYS = { field: 'k', file: 'f' }

function report(host: string, rest: Partial<ListenerSecurity>, metrics: Partial<ListenerSecurity>): string[] {
  const lines: string[] = []
  const log = createLogger({
    isStructured: true,
    level: 'debug',
    write(line) {
      const { level, message } = JSON.parse(line) as { level: string; message: string }
      lines.push(`${level} ${message}`)
    },
  })
  reportProtection(
    host,
    [
      { name: 'REST', port: 1, security: { ...BARE, ...rest } },
      { name: 'metrics', port: 2, security: { ...BARE, ...metrics } },
    ],
    log,
  )
  return lines
}

test('nothing is said of bare listeners on loopback', () => {
  for (const host of ['127.0.0.1', '127.1.2.3', 'localhost', '::1'])
    assert.deepEqual(report(host, {}, {}), [])
})

test('bare listeners that others can reach', () => {
  const [line, ...more] = report('0.0.0.0', {}, {})
  assert.match(line ?? '', /^warn listening on 0\.0\.0\.0 without TLS or authentication: whoever reaches/)
  assert.deepEqual(more, [])
})

test('each listener with what protects it, and what does not', () => {
  const limited = { rateLimit: { requestsPerSecond: 5, burst: 5 } }
  assert.deepEqual(report('127.0.0.1', { apiKeys: KEYS }, {}), [
    'info REST on 127.0.0.1:1 is protected by API keys',
  ])
  assert.deepEqual(
    report('0.0.0.0', { tls: TLS, apiKeys: KEYS, ...limited }, { tls: { ...TLS, clientCaFile: 'ca' } }),
    [
      'info REST on 0.0.0.0:1 is protected by TLS, API keys, a limit of 5 requests per second and caller',
      'info metrics on 0.0.0.0:2 is protected by TLS with client certificates',
    ],
  )
  assert.deepEqual(report('::', { apiKeys: KEYS }, { tls: TLS }), [
    'warn REST on :::1 is protected by API keys, but without TLS: credentials, requests and answers can be read on the way',
    'warn metrics on :::2 is protected by TLS, but without authentication: whoever reaches it can read the metrics',
  ])
  const [rest] = report('0.0.0.0', limited, { tls: TLS })
  assert.match(
    rest ?? '',
    /^warn REST on 0\.0\.0\.0:1 is protected by a limit of .*, but without TLS: .*, and without auth/,
  )
})
