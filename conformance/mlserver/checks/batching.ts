import { existsSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { Check } from '../check.ts'
import { type PlacedModel, withServer } from '../launchers/launcher.ts'
import { until } from '../launchers/until.ts'
import { errorOf, marksFolder, member, outputData, rowsRequest } from '../questions.ts'
import type { HttpAnswer, RestClient } from '../target/rest-client.ts'
import type { Target } from '../target/target.ts'

function batching(name: string, size: number, seconds: number, extra: object = {}): PlacedModel {
  return {
    folder: name,
    probe: 'batch-model',
    settings: { name, max_batch_size: size, max_batch_time: seconds, parameters: { extra } },
  }
}

/** Sizes and times that leave batching off. */
const OFF = [
  [0, 10],
  [1, 10],
  [10, 0],
  [0, 0],
] as const

/** The models of the shared server that these checks are about. */
export const BATCHING_MODELS: readonly PlacedModel[] = [
  ...OFF.map(([size, seconds]) => batching(`batching-${size}-${seconds}`, size, seconds)),
  batching('batching-lone', 10, 0.2),
  batching('batching-ten', 10, 0.2),
  batching('batching-mixed', 10, 0.2),
  batching('batching-headers', 3, 0.3),
  batching('batching-errors', 3, 0.3),
  batching('batching-silent', 2, 0.2),
]

function ask(rest: RestClient, model: string, body: object, headers: Record<string, string> = {}) {
  return rest.post(`/v2/models/${model}/infer`, body, headers)
}

/** How many rows the call had that an answer comes from. */
function rowsSeen(answer: HttpAnswer | undefined): unknown {
  return answer === undefined ? undefined : member(outputData(answer, 'rows'), 0)
}

function ten(row: number): number[] {
  return Array.from({ length: 4 }, (_, index) => row * 10 + index)
}

function sums(rows: readonly (readonly number[])[]): number[] {
  return rows.map(row => row.reduce((sum, value) => sum + value, 0))
}

/**
 * Sends the requests while the model is busy with another one, so that whoever batches has them all before it calls the
 * model again; some wait for more only then.
 */
async function askWhileBusy(
  target: Target,
  size: number,
  bodies: readonly object[],
): Promise<readonly HttpAnswer[]> {
  const marks = await marksFolder(tmpdir())
  let answers: readonly HttpAnswer[] = []
  await withServer(target, { models: [batching('b', size, 1, { marks })] }, async ({ rest }) => {
    const busy = ask(rest, 'b', rowsRequest([[-3, 0, 0, 0]]))
    await until('the model to be busy', () => existsSync(join(marks, 'entered')))
    const waiting = Promise.all(bodies.map(body => ask(rest, 'b', body)))
    // From outside nobody sees what a server holds back; the answer is right either way.
    await setTimeout(500)
    await writeFile(join(marks, 'release'), '')
    answers = await waiting
    await busy
  })
  await rm(marks, { recursive: true })
  return answers
}

export const batchingChecks: readonly Check[] = [
  {
    id: 'BATCH-35',
    reference: 'mlserver §24.35',
    title: 'a size of 0 or 1, or a time of 0, leaves batching off',
    run: async ({ rest }, see) => {
      for (const [size, seconds] of OFF) {
        const model = `batching-${size}-${seconds}`
        const [first] = await Promise.all([1, 2].map(row => ask(rest, model, rowsRequest([ten(row)]))))
        see.same(`(${size}, ${seconds})`, rowsSeen(first), 1)
      }
    },
  },
  {
    id: 'BATCH-35b',
    reference: 'mlserver §24.35',
    title: 'a negative size or time leaves batching off',
    isLaunching: true,
    run: (target, see) =>
      withServer(target, { models: [batching('a', -1, 10), batching('b', 10, -1)] }, async ({ rest }) => {
        for (const model of ['a', 'b']) {
          see.same(model, rowsSeen(await ask(rest, model, rowsRequest([ten(1)]))), 1)
        }
      }),
  },
  {
    id: 'BATCH-36',
    reference: 'mlserver §24.35, §24.36, §25.4',
    title: 'requests of 2, 1 and 1 rows are one call of 4 rows, and each gets its own rows and id back',
    isLaunching: true,
    run: async (target, see) => {
      const groups = [[ten(1), ten(2)], [ten(3)], [ten(4)]]
      const bodies = groups.map((rows, index) => rowsRequest(rows, { id: `r${index}` }))
      const answers = await askWhileBusy(target, 4, bodies)
      for (const [index, answer] of answers.entries()) {
        see.same('rows of the call', rowsSeen(answer), 4)
        see.same('sums', outputData(answer, 'sum'), sums(groups[index]!))
        see.same('id', member(answer.json, 'id'), `r${index}`)
      }
    },
  },
  {
    id: 'BATCH-36b',
    reference: 'mlserver §25.4',
    title: 'a lone request does not wait for others for ever',
    run: async ({ rest }, see) => {
      see.same(
        'sum',
        outputData(await ask(rest, 'batching-lone', rowsRequest([ten(1)])), 'sum'),
        sums([ten(1)]),
      )
    },
  },
  {
    id: 'BATCH-37',
    reference: 'mlserver §24.37, §25.4',
    title: '22 requests at once with a size of 10, and 20 rows beside 1: every answer is right',
    run: async ({ rest }, see) => {
      const rows = Array.from({ length: 22 }, (_, row) => ten(row))
      const answers = await Promise.all(
        rows.map((row, index) => ask(rest, 'batching-ten', rowsRequest([row], { id: `r${index}` }))),
      )
      const right = answers.filter(
        (answer, index) =>
          member(outputData(answer, 'sum'), 0) === sums([rows[index]!])[0] &&
          member(answer.json, 'id') === `r${index}`,
      )
      see.same('right', right.length, 22)
      const many = rows.slice(0, 20)
      const [large, small] = await Promise.all([
        ask(rest, 'batching-ten', rowsRequest(many)),
        ask(rest, 'batching-ten', rowsRequest([ten(50)])),
      ])
      see.same('20 rows', outputData(large, 'sum'), sums(many))
      see.same('1 row', outputData(small, 'sum'), sums([ten(50)]))
    },
  },
  {
    id: 'BATCH-38',
    reference: 'mlserver §24.38, §22.1',
    title: 'different shapes, datatypes and parameters are never merged',
    deviation:
      'Only what fits together shares a call; MLServer merges by the names of inputs alone, and fails them all or mixes up rows.',
    run: async ({ rest }, see) => {
      const input = { name: 'x', shape: [1, 4], datatype: 'FP64', data: ten(1) }
      const bodies = [
        { inputs: [input] },
        { inputs: [{ ...input, shape: [1, 2], data: [5, 6] }] },
        { inputs: [{ ...input, datatype: 'INT32' }] },
        { inputs: [input], parameters: { mode: 'other' } },
      ]
      const answers = await Promise.all(bodies.map(body => ask(rest, 'batching-mixed', body)))
      for (const [index, answer] of answers.entries()) {
        const { data } = bodies[index]!.inputs[0]!
        see.same(
          'status, sum, rows of the call',
          [answer.status, outputData(answer, 'sum'), rowsSeen(answer)],
          [200, sums([data]), 1],
        )
      }
    },
  },
  {
    id: 'BATCH-38b',
    reference: 'mlserver §24.38, §22.1',
    title: "no client gets another client's header",
    deviation: "Every client gets its own; MLServer sends client B's header to client C.",
    run: async ({ rest }, see) => {
      const names = ['a', 'b', 'c']
      const answers = await Promise.all(
        names.map((name, row) => ask(rest, 'batching-headers', rowsRequest([ten(row)]), { 'x-foo': name })),
      )
      const seen = answers.map(({ headers }) => headers['x-foo'])
      see.same('headers', seen, names)
    },
  },
  {
    id: 'BATCH-39',
    reference: 'mlserver §24.39, §25.4',
    title: 'an error reaches every member of its batch, with its text',
    deviation: "The author's text is the message; MLServer puts the path of a class before it.",
    run: async ({ rest }, see) => {
      const bad = rowsRequest([[-1, 0, 0, 0]])
      const answers = await Promise.all([1, 2, 3].map(() => ask(rest, 'batching-errors', bad)))
      const seen = answers.map(answer => [answer.status, errorOf(answer)])
      const each = [400, 'something really bad happened']
      see.same('answers', seen, [each, each, each])
    },
  },
  {
    id: 'BATCH-39b',
    reference: 'mlserver §24.39, §22.1',
    title: 'a model that answers without outputs: an answer, not a hang',
    deviation: 'The client gets an answer at once; in MLServer the requests hang for ever.',
    run: async ({ rest }, see) => {
      const path = '/v2/models/batching-silent/infer'
      const question = { method: 'POST', path, body: rowsRequest([[-2, 0, 0, 0]]), timeoutMs: 3000 }
      const answers = await Promise.allSettled([1, 2].map(() => rest.send(question)))
      const seen = answers.map(answer => (answer.status === 'fulfilled' ? 'answered' : String(answer.reason)))
      see.same('requests', seen, ['answered', 'answered'])
    },
  },
]
