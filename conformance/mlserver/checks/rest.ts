import type { Check } from '../check.ts'
import { withServer } from '../launchers/launcher.ts'
import {
  errorOf,
  member,
  outputData,
  SENTENCE,
  SUM_INFER,
  SUM_REQUEST,
  textRequest,
  UUID4,
} from '../questions.ts'

const MODEL = '/v2/models/sum-model'
const VERSION = `${MODEL}/versions/v1.2.3`

export const restChecks: readonly Check[] = [
  {
    id: 'REST-7',
    reference: 'mlserver §24.7, R1, R2',
    title: 'health, metadata, readiness and inference routes, with and without a version',
    run: async ({ rest }, see) => {
      const paths = [
        '/v2/health/live',
        '/v2/health/ready',
        '/v2',
        MODEL,
        VERSION,
        `${MODEL}/ready`,
        `${VERSION}/ready`,
      ]
      for (const path of paths) see.same(`GET ${path}`, (await rest.get(path)).status, 200)
      for (const base of [MODEL, VERSION]) {
        for (const verb of ['infer', 'generate']) {
          see.same(`${base}/${verb}`, outputData(await rest.post(`${base}/${verb}`, SUM_REQUEST)), [6])
        }
      }
      see.same('index', (await rest.post('/v2/repository/index', {})).status, 200)
    },
  },
  {
    id: 'REST-7b',
    reference: 'mlserver §25.1 R3',
    title: "a model's metadata repeats its settings",
    run: async ({ rest }, see) => {
      const { json } = await rest.get(VERSION)
      see.same('name', member(json, 'name'), 'sum-model')
      see.same('versions', member(json, 'versions'), ['sum-model/v1.2.3'])
      see.same('platform', member(json, 'platform'), 'mlserver')
      see.same('input', member(json, 'inputs', 0), {
        name: 'input-0',
        datatype: 'FP32',
        shape: [128],
        parameters: { content_type: 'np' },
      })
      see.same('output', member(json, 'outputs', 0, 'name'), 'output-0')
    },
  },
  {
    id: 'REST-7c',
    reference: 'mlserver §25.1 R5',
    title: 'generate answers like infer, with text',
    run: async ({ rest }, see) => {
      const answer = await rest.post('/v2/models/text-model/generate', textRequest(SENTENCE))
      see.same('text', outputData(answer), [SENTENCE])
    },
  },
  {
    id: 'REST-8',
    reference: 'mlserver §24.8, §2.3, R7',
    title: 'the golden sample: body, echoed header, CloudEvents headers',
    isLaunching: true,
    run: (target, see) =>
      withServer(
        target,
        {
          models: [
            { folder: 'sum', probe: 'sum-model', settings: { name: 'sum', parameters: { version: 'v1' } } },
          ],
          settings: { server_name: 'my-srv' },
        },
        async ({ rest }) => {
          const inputs = [{ name: 'a', shape: [1, 3], datatype: 'INT32', data: [1, 2, 3] }]
          const answer = await rest.post('/v2/models/sum/infer', { id: 'r1', inputs }, { 'x-foo': 'bar' })
          const expected = {
            'content-type': 'application/json',
            'x-foo': 'bar',
            'ce-specversion': '0.3',
            'ce-source': 'io.seldon.serving.deployment.my-srv',
            'ce-type': 'io.seldon.serving.inference.response',
            'ce-modelid': 'sum',
            'ce-inferenceservicename': 'my-srv',
            'ce-endpoint': 'sum',
            'ce-id': 'r1',
            'ce-requestid': 'r1',
          }
          for (const [name, value] of Object.entries(expected)) see.same(name, answer.headers[name], value)
          const { outputs, parameters: _, ...rest1 } = answer.json as Record<string, unknown>
          see.same('body', rest1, { model_name: 'sum', model_version: 'v1', id: 'r1' })
          for (const [name, value] of Object.entries({
            name: 'total',
            shape: [1, 1],
            datatype: 'INT64',
            data: [6],
          })) {
            see.same(name, member(outputs, 0, name), value)
          }
        },
      ),
  },
  {
    id: 'REST-9',
    reference: 'mlserver §24.9',
    title: 'id: echoed; absent or null gives a UUID; empty stays empty; a number is 422',
    run: async ({ rest }, see) => {
      const id = async (given: object) =>
        member((await rest.post(SUM_INFER, { ...SUM_REQUEST, ...given })).json, 'id')
      see.same('given', await id({ id: 'r1' }), 'r1')
      see.matches('absent', await id({}), UUID4)
      see.matches('null', await id({ id: null }), UUID4)
      see.same('empty', await id({ id: '' }), '')
      see.same('a number', (await rest.post(SUM_INFER, { ...SUM_REQUEST, id: 5 })).status, 422)
    },
  },
  {
    id: 'REST-9b',
    reference: 'mlserver §24.9',
    title: 'ce-id is the id, made up or not, and missing for an empty one',
    run: async ({ rest }, see) => {
      const made = await rest.post(SUM_INFER, SUM_REQUEST)
      see.matches('made up', made.headers['ce-id'], UUID4)
      see.same('in the body too', member(made.json, 'id'), made.headers['ce-id'])
      const empty = await rest.post(SUM_INFER, { ...SUM_REQUEST, id: '' })
      see.same('for an empty id', empty.headers['ce-id'], undefined)
      see.same('specversion', empty.headers['ce-specversion'], '0.3')
    },
  },
  {
    id: 'REST-10',
    reference: 'mlserver §24.10',
    title: 'the model cannot change the id',
    run: async ({ rest }, see) => {
      const answer = await rest.post('/v2/models/echo-model/infer', { ...SUM_REQUEST, id: 'mine' })
      see.same('id', member(answer.json, 'id'), 'mine')
    },
  },
  {
    id: 'REST-11',
    reference: 'mlserver §24.11, R8, R12; open-inference §18.5',
    title: 'unknown model and version: 404 with the same text everywhere',
    run: async ({ rest }, see) => {
      const nobody = 'Model my-model not found'
      const answers = {
        infer: await rest.post('/v2/models/my-model/infer', SUM_REQUEST),
        generate: await rest.post('/v2/models/my-model/generate', SUM_REQUEST),
        ready: await rest.get('/v2/models/my-model/ready'),
        metadata: await rest.get('/v2/models/my-model'),
        load: await rest.post('/v2/repository/models/my-model/load'),
        unload: await rest.post('/v2/repository/models/my-model/unload'),
      }
      for (const [what, answer] of Object.entries(answers)) {
        see.same(what, [answer.status, errorOf(answer)], [404, nobody])
      }
      const versioned = {
        unknown: await rest.post('/v2/models/my-model/versions/v0/infer', SUM_REQUEST),
        known: await rest.post(`${MODEL}/versions/v0/generate`, SUM_REQUEST),
      }
      const name = { unknown: 'my-model', known: 'sum-model' }
      for (const what of ['unknown', 'known'] as const) {
        const expected = [404, `Model ${name[what]} with version v0 not found`]
        see.same(`version of the ${what}`, [versioned[what].status, errorOf(versioned[what])], expected)
      }
    },
  },
  {
    id: 'REST-11b',
    reference: 'mlserver §24.11',
    title: 'docs of an unknown model: 404',
    run: async ({ rest }, see) => {
      see.same('page', (await rest.get('/v2/models/my-model/docs')).status, 404)
      see.same('document', (await rest.get('/v2/models/my-model/docs/dataplane.json')).status, 404)
    },
  },
]
