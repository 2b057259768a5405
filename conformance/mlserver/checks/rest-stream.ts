import type { Check } from '../check.ts'
import { errorOf, events, member, SENTENCE, textRequest, WORDS } from '../questions.ts'

const STREAM = '/v2/models/text-stream-model/infer_stream'

export const restStreamChecks: readonly Check[] = [
  {
    id: 'REST-18',
    reference: 'mlserver §24.18, R6, R20',
    title: 'server-sent events: one a word, of the right shape, under the id of the request',
    run: async ({ rest }, see) => {
      for (const verb of ['infer_stream', 'generate_stream']) {
        const path = `/v2/models/text-stream-model/${verb}`
        const answer = await rest.post(path, textRequest(SENTENCE, { id: 's1' }))
        see.matches('type', answer.headers['content-type'], /^text\/event-stream/)
        const words = events(answer).map(event => member(event, 'outputs', 0, 'data', 0))
        see.same(verb, words, WORDS)
        see.same('ids', [...new Set(events(answer).map(event => member(event, 'id')))], ['s1'])
        see.that('every event ends with a blank line', answer.text.endsWith('\n\n'))
      }
    },
  },
  {
    id: 'REST-18b',
    reference: 'mlserver §24.18',
    title: 'events are sent as they are made',
    run: async ({ rest }, see) => {
      const answer = await rest.post(STREAM, textRequest(SENTENCE, { parameters: { delay_ms: 30 } }))
      see.that(`${answer.pieces.length} pieces`, answer.pieces.length >= WORDS.length)
    },
  },
  {
    id: 'REST-18c',
    reference: 'mlserver §24.18, §2.6',
    title: 'an error before the first event is an answer with its status and a JSON error',
    deviation: 'The status waits for the first event; MLServer has sent 200 by then and cuts the connection.',
    run: async ({ rest }, see) => {
      const unknown = await rest.post('/v2/models/my-model/infer_stream', textRequest(SENTENCE))
      see.same('unknown model', [unknown.status, errorOf(unknown)], [404, 'Model my-model not found'])
      const failed = await rest.post(STREAM, textRequest(SENTENCE, { parameters: { fail_after: 0 } }))
      see.same('model error', [failed.status, errorOf(failed)], [400, 'something really bad happened'])
    },
  },
  {
    id: 'REST-18d',
    reference: 'mlserver §24.18, §2.6',
    title: 'an error after some events is an event, and the body ends as it should',
    deviation: 'The client learns why: an error event; MLServer cuts the connection.',
    run: async ({ rest }, see) => {
      const answer = await rest.post(STREAM, textRequest(SENTENCE, { parameters: { fail_after: 2 } }))
      see.that('the body is whole', answer.isWhole)
      see.that('two words came first', answer.text.includes('" is"'))
      see.matches('error', /^data: (\{"error".*)$/m.exec(answer.text)?.[1], /something really bad happened/)
    },
  },
  {
    id: 'REST-18e',
    reference: 'mlserver §2.6',
    title: 'a model without a stream of its own yields one event',
    run: async ({ rest }, see) => {
      const answer = await rest.post('/v2/models/text-model/infer_stream', textRequest(SENTENCE))
      see.same(
        'events',
        events(answer).map(event => member(event, 'outputs', 0, 'data', 0)),
        [SENTENCE],
      )
    },
  },
]
