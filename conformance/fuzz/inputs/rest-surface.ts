import type { RestInput } from './fuzz-input.ts'
import { mutateBytes } from './mutate-bytes.ts'
import type { Random } from './random.ts'

const GETS = [
  '/v2',
  '/v2/',
  '/v2/models',
  '/v2/models/stats',
  '/v2/health/live',
  '/v2/health/ready',
  '/',
  '*',
  '/v2/models/echo',
  '/v2/models/echo/ready',
  '/v2/models/typed/config',
  '/v2/models/row/stats',
  '/v2/logging',
  '/v2/models/echo/versions/1',
  '/v2/models/echo/versions/1/ready',
  '/v2/trace/setting',
  '/v2/cudasharedmemory/status',
  'http://127.0.0.1/v2',
  '//v2//models',
  '/v2/models/%00',
  '/v2/models/..%2f..',
  '/v2/models/%ff',
  '/v2/models/a%2Fb',
]
const POSTS = [
  '/v2/repository/index',
  '/v2/repository/models/spare/load',
  '/v2/repository/models/spare/unload',
  '/v2/repository/models/nobody/load',
  '/v2/repository/models/%2e%2e%2f%2e%2e/load',
  '/v2/repository/models//unload',
  '/v2/models/spare/infer',
  '/v2/models/nobody/infer',
  '/v2/models/echo/versions/7/infer',
  '/v2/models/echo/infer',
]
const WORDS = [
  '/',
  '//',
  '..',
  '%',
  '%zz',
  '%00',
  '%e2%82',
  '%ff',
  '?',
  '?a=b&a',
  '#',
  ';',
  ':',
  '@',
  '\\',
  '*',
  '__proto__',
  'constructor',
  'é',
  '😀',
  ' ',
  '/versions/',
  '/infer',
  '/ready',
  '~',
  '%2F',
  'http://a',
  'x'.repeat(3e3),
].map(word => Buffer.from(word))
const METHODS = [
  'HEAD',
  'PUT',
  'DELETE',
  'OPTIONS',
  'PATCH',
  'TRACE',
  'CONNECT',
  'PROPFIND',
  'get',
  'FOO',
  'M-SEARCH',
  'QUERY',
]
const BODIES = [
  '',
  '{}',
  '{"ready":true}',
  '{"ready":1}',
  '[]',
  'null',
  '{"parameters":null}',
  '{"parameters":{"config":"{}"}}',
  '{"parameters":{"file:a":"b"}}',
  '{"parameters":[1]}',
  '{"unload_dependents":true}',
  '{',
  '\0',
  '"x"',
  '1e999',
].map(text => Buffer.from(text))
const HEADERS: readonly (readonly [name: string, values: readonly string[]])[] = [
  ['accept-encoding', ['gzip', 'deflate;q=0.5, gzip;q=0', '*', 'br', 'gzip;q=NaN', ',,,', 'x'.repeat(500)]],
  ['accept', ['text/html', '*/*;q=', '']],
  ['content-encoding', ['gzip', 'identity', 'br', '', 'gzip,']],
  ['content-type', ['text/plain', 'application/json; charset=utf-7', '', 'multipart/form-data']],
  ['inference-header-content-length', ['0', '1', '-1', 'x', '2, 2']],
  ['expect', ['100-continue', '200-ok', '']],
  ['range', ['bytes=0-', 'bytes=5-1']],
  ['cookie', ['a=b; c', '='.repeat(100)]],
  ['x-forwarded-for', ['127.0.0.1', '\u00ff\u00fe']],
  ['traceparent', ['00-0-0-00', 'x'.repeat(55)]],
  ['host', ['', 'a', 'a:99999', '[::1']],
  ['__proto__', ['a']],
  ['if-none-match', ['*', '"']],
  ['te', ['trailers', 'gzip']],
]

/** Everything around the bodies: paths, methods, headers, and the repository API with names of nothing. */
export function restSurfaceInput(random: Random): RestInput {
  const isPost = random.isOneIn(2)
  const path = random.pick(isPost ? POSTS : GETS)
  // A line break would begin a header; what breaks the framing comes on connections of its own.
  const target = random.isOneIn(2)
    ? path
    : mutateBytes(Buffer.from(path), random, WORDS)
        .toString('latin1')
        .replaceAll(/[\r\n]/g, '!')
        .slice(0, 9000)
  const method = random.isOneIn(4) ? random.pick(METHODS) : isPost ? 'POST' : 'GET'
  const headers = Array.from({ length: random.size(6) }, (): [string, string] => {
    const [name, values] = random.pick(HEADERS)
    return [name, random.pick(values)]
  })
  if (random.isOneIn(30))
    headers.push(...Array.from({ length: 200 }, (_, index): [string, string] => [`x-${index}`, 'y']))
  if (random.isOneIn(30)) headers.push(['x-long', 'z'.repeat(random.below(12_000))])
  const hasBody = method !== 'GET' && method !== 'HEAD' && method !== 'CONNECT'
  return {
    kind: 'rest',
    method,
    target: target === '' ? '/' : target,
    headers,
    body: hasBody ? random.pick(BODIES) : undefined,
  }
}
