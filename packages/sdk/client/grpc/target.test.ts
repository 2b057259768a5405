import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseGrpcTarget } from './target.ts'

const TARGETS = [
  ['127.0.0.1:8081', { host: '127.0.0.1', port: 8081 }, '127.0.0.1', '127.0.0.1:8081'],
  ['scorer', { host: 'scorer', port: 443 }, 'scorer', 'scorer'],
  ['dns:///scorer.ns.svc:80', { host: 'scorer.ns.svc', port: 80 }, 'scorer.ns.svc', 'scorer.ns.svc:80'],
  ['dns:scorer:80', { host: 'scorer', port: 80 }, 'scorer', 'scorer:80'],
  ['[::1]:80', { host: '::1', port: 80 }, '::1', '[::1]:80'],
  ['ipv6:[::1]:80', { host: '::1', port: 80 }, '::1', '[::1]:80'],
  ['ipv4:10.0.0.1:80', { host: '10.0.0.1', port: 80 }, '10.0.0.1', '10.0.0.1:80'],
  ['::1', { host: '::1', port: 443 }, '::1', '[::1]'],
  ['unix:/run/a b.sock', { path: '/run/a b.sock' }, 'localhost', 'localhost'],
  ['unix:///run/a.sock', { path: '/run/a.sock' }, 'localhost', 'localhost'],
  ['unix:a.sock', { path: 'a.sock' }, 'localhost', 'localhost'],
  ['unix-abstract:a', { path: '\0a' }, 'localhost', 'localhost'],
] as const

for (const [text, address, hostname, authority] of TARGETS) {
  test(text, () => assert.deepEqual(parseGrpcTarget(text), { text, address, hostname, authority }))
}

const WRONG = [
  '',
  'http://x:1',
  'x:',
  'x:65536',
  'x:y',
  'x/y',
  '[x]:1',
  'ipv4:1.1.1.1:1,2.2.2.2:2',
  'unix:',
  'a b:1',
]
for (const text of WRONG) {
  test(`'${text}' is no target`, () => {
    assert.throws(() => parseGrpcTarget(text), {
      code: 'INVALID_ARGUMENT',
      message: `target is '${text}'; expected HOST:PORT or unix:PATH`,
    })
  })
}
