import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { after, before, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startServer } from '../../open-inference/target.ts'
import { QUESTIONS, type Question } from './questions.ts'
import { type StockServer, startStockServer } from './stock-server.ts'

/** The Python with MLServer; without it there is nothing to compare with. */
const STOCK = process.env['MILLRACE_TEST_MLSERVER']
/** The Python whose classes use the subset that comes with `@millrace/python`. */
const PYTHON = process.env['MILLRACE_TEST_PYTHON']
const REPOSITORY = fileURLToPath(new URL('./repository', import.meta.url))
const SKIP =
  STOCK === undefined || PYTHON === undefined
    ? 'MILLRACE_TEST_MLSERVER names no Python with mlserver, or MILLRACE_TEST_PYTHON none with numpy and pandas'
    : false

interface Answer {
  readonly status: number
  readonly model: string | null
  readonly body: unknown
}

async function answerOf(rest: string, { path, method = 'POST', body, compare }: Question): Promise<Answer> {
  const response = await fetch(rest + path, {
    method,
    headers: { 'content-type': 'application/json', 'x-client': 'me', connection: 'close' },
    ...(body === undefined ? {} : { body: exactJson(body) }),
  })
  const text = await response.text()
  const model = response.headers.get('x-model')
  const { status } = response
  if (compare === 'status') return { status, model: null, body: null }
  if (compare === 'events') {
    const events = text.split('\n\n').filter(event => event !== '')
    return { status, model, body: events.map(event => plain(JSON.parse(event.replace(/^data: /, '')))) }
  }
  return { status, model, body: plain(JSON.parse(text)) }
}

/** A bigint as the whole number that it is. */
function exactJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'bigint' ? `#${part}` : part,
  ).replaceAll(/"#(\d+)"/g, '$1')
}

/** What only one of them says: headers in events, and where a model runs. */
const OWN = new Set(['headers', 'placement', 'placement_reason'])

/** Without what is empty, which both say in more than one way, and with elements in one list. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
    .map(([name, part]: [string, unknown]) => [name, name === 'data' ? flat(part) : plain(part)] as const)
    .filter(([name, part]) => !OWN.has(name) && part !== null && JSON.stringify(part) !== '{}')
  return Object.fromEntries(entries)
}

function flat(data: unknown): unknown {
  return Array.isArray(data) ? data.flat(Number.POSITIVE_INFINITY) : data
}

suite('the same classes, answered by MLServer and by us', { skip: SKIP }, () => {
  let stock: StockServer
  before(async () => {
    stock = await startStockServer(STOCK!, REPOSITORY)
  })
  after(() => stock.stop())

  for (const [kind, python] of [
    ['our subset of its package', PYTHON],
    ['its own package', STOCK],
  ] as const) {
    suite(`with ${kind}`, () => {
      let ours: Awaited<ReturnType<typeof startServer>>
      let before_: string | undefined
      before(async () => {
        before_ = process.env['MILLRACE_PYTHON']
        process.env['MILLRACE_PYTHON'] = python
        ours = await startServer({ folder: REPOSITORY, settings: { metrics_port: 0 } })
      })
      after(async () => {
        await ours.close()
        if (before_ === undefined) delete process.env['MILLRACE_PYTHON']
        else process.env['MILLRACE_PYTHON'] = before_
      })

      test('it is the package that is meant', () => {
        const has = (name: string) => {
          try {
            execFileSync(python!, ['-c', `import ${name}`], { stdio: 'ignore' })
            return true
          } catch {
            return false
          }
        }
        assert.equal(has('mlserver'), python === STOCK)
      })

      for (const question of QUESTIONS) {
        test(question.title, async () => {
          const [expected, actual] = await Promise.all([
            answerOf(stock.rest, question),
            answerOf(ours.rest, question),
          ])
          assert.deepEqual(actual, expected)
        })
      }
    })
  }
})
