import { gzipSync } from 'node:zlib'
import type { Check } from '../check.ts'
import { withServer } from '../launchers/launcher.ts'
import { member, SUM_INFER } from '../questions.ts'

const MODEL = '/v2/models/sum-model'
const VERSION = `${MODEL}/versions/v1.2.3`

export const restPageChecks: readonly Check[] = [
  {
    id: 'REST-19',
    reference: 'mlserver §24.19, R14, R15',
    title: "a model's own routes: plain and gzip; gone after an unload, back after a load",
    isExclusive: true,
    run: async ({ rest }, see) => {
      const path = '/my-custom-endpoint'
      const ask = () => rest.post(path, [1, 2, 3, 4])
      see.same('answer', (await ask()).text, '10')
      const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
      see.same('gzip', (await rest.post(path, gzipSync('[1,2,3,4]'), headers)).text, '10')
      const long = await rest.send({
        method: 'POST',
        path: '/custom-endpoint-with-long-response',
        body: '1000',
        headers: { 'content-type': 'application/json', 'accept-encoding': 'gzip' },
      })
      see.same('long answer', long.headers['content-encoding'], 'gzip')
      await rest.post('/v2/repository/models/sum-model/unload')
      see.same('after unload', (await ask()).status, 404)
      await rest.post('/v2/repository/models/sum-model/load')
      see.same('after load', (await ask()).text, '10')
    },
  },
  {
    id: 'REST-20',
    reference: 'mlserver §24.20',
    title: 'no CORS headers unless configured',
    run: async ({ rest }, see) => {
      const { headers } = await rest.send({ path: '/v2', headers: { origin: 'http://page.example' } })
      see.same('allowed origin', headers['access-control-allow-origin'], undefined)
    },
  },
  {
    id: 'REST-20b',
    reference: 'mlserver §24.20, §22.11',
    title: 'CORS headers as configured; POST can be asked for with the defaults; exposed headers are told',
    isLaunching: true,
    deviation:
      'The default methods include POST, without which no browser can infer; expose_headers has an effect.',
    run: (target, see) =>
      withServer(
        target,
        {
          models: [{ folder: 'sum', probe: 'sum-model' }],
          settings: {
            cors_settings: {
              allow_origins: ['http://page.example'],
              allow_headers: ['content-type'],
              expose_headers: ['x-foo'],
            },
          },
        },
        async ({ rest }) => {
          const origin = 'http://page.example'
          const plain = await rest.send({ path: '/v2', headers: { origin } })
          see.same('origin', plain.headers['access-control-allow-origin'], origin)
          see.same('exposed', plain.headers['access-control-expose-headers']?.toLowerCase(), 'x-foo')
          const preflight = await rest.send({
            method: 'OPTIONS',
            path: SUM_INFER,
            headers: {
              origin,
              'access-control-request-method': 'POST',
              'access-control-request-headers': 'content-type',
            },
          })
          see.oneOf('preflight', preflight.status, [200, 204])
          see.matches('methods', preflight.headers['access-control-allow-methods'], /POST/)
          const other = await rest.send({ path: '/v2', headers: { origin: 'http://other.example' } })
          see.same('another origin', other.headers['access-control-allow-origin'], undefined)
        },
      ),
  },
  {
    id: 'REST-21',
    reference: 'mlserver §24.21, R16, R17',
    title: 'OpenAPI documents and pages of the server, a model and a version',
    run: async ({ rest }, see) => {
      for (const base of ['/v2', MODEL, VERSION]) {
        const page = await rest.get(`${base}/docs`)
        see.same(`${base}/docs`, page.status, 200)
        see.matches('type', page.headers['content-type'], /^text\/html/)
        const { json } = await rest.get(`${base}/docs/dataplane.json`)
        see.same(`${base} openapi`, typeof member(json, 'openapi'), 'string')
      }
      const versioned = (await rest.get(`${VERSION}/docs/dataplane.json`)).json
      see.that('versioned path there', member(versioned, 'paths', `${VERSION}/infer`) !== undefined)
      see.same('unversioned path', member(versioned, 'paths', `${MODEL}/infer`), undefined)
      const plain = (await rest.get(`${MODEL}/docs/dataplane.json`)).json
      see.same('title', member(plain, 'info', 'title'), 'Data Plane for Model sum-model')
      see.that('unversioned path concrete', member(plain, 'paths', `${MODEL}/infer`) !== undefined)
    },
  },
]
