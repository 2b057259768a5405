import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { inspect } from 'node:util'
import { type Answer, FORM_NAMES, type Form, type Question, type Refusal } from './forms/form.ts'
import { comparable } from './forms/tensor-value.ts'
import { answersStill } from './good-request.ts'
import type { ExpectedAnswer, ExpectedRefusal, Scenario } from './scenarios/scenario.ts'
import { SCENARIOS } from './scenarios.ts'
import type { Target } from './target.ts'

/** Every row of the table in every form, against a server that is opened for it. */
export function scenarioSuite(open: () => Promise<Target>): void {
  let target: Target
  before(async () => {
    target = await open()
  })
  after(() => target.close())

  for (const [theme, rows] of Object.entries(SCENARIOS)) {
    void suite(theme, () => {
      for (const row of rows) {
        for (const [index, name] of FORM_NAMES.entries()) {
          void test(`${row.title} (${name})`, async t => {
            const form = target.forms[index]!
            const objection = row.inexpressible?.[name] ?? form.objection(row.question)
            if (objection === undefined) await check(form, row)
            else t.skip(objection)
          })
        }
      }
    })
  }
}

async function check(form: Form, row: Scenario): Promise<void> {
  const outcome = await form.ask(row.question)
  if (row.answer !== undefined) {
    assert.ok('answer' in outcome, `refused: ${inspect(outcome)}`)
    checkAnswer(form, row.question, outcome.answer, row.answer)
    return
  }
  assert.ok('refusal' in outcome, 'answered instead of refused')
  checkRefusal(form, outcome.refusal, row.refusal!)
  await answersStill(form)
}

function checkAnswer(form: Form, asked: Question, answer: Answer, expected: ExpectedAnswer): void {
  assert.equal(answer.model, asked.model)
  assert.equal(answer.version, expected.version)
  checkId(form, asked.id, answer.id)
  assert.deepEqual({ ...answer.parameters }, expected.parameters ?? {})
  assert.deepEqual(
    answer.outputs.map(comparable),
    expected.outputs.map(output => comparable(form.asAnswered(output))),
  )
  for (const [name, value] of Object.entries(expected.headers ?? {})) {
    assert.equal(answer.headers[name], value, `header ${name}`)
  }
}

/** REST makes an id up where there is none, and keeps an empty one; on gRPC none and an empty one are the same. */
function checkId(form: Form, asked: string | undefined, answered: string | undefined): void {
  if (form.protocol === 'grpc') assert.equal(answered, asked === '' ? undefined : asked)
  else if (asked === undefined) assert.match(answered ?? '', /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  else assert.equal(answered, asked)
}

function checkRefusal(form: Form, { status, message }: Refusal, expected: ExpectedRefusal): void {
  assert.match(message, expected.message)
  if (expected.secret !== undefined) assert.doesNotMatch(message, expected.secret)
  assert.equal(status, expected[form.protocol])
}
