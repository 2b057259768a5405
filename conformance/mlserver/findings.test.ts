import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Findings } from './findings.ts'

test('what fits is told, and passes', () => {
  const see = new Findings()
  see.same('sum', [6n], [6n])
  see.oneOf('status', 503, [400, 503])
  see.matches('error', 'Model m not found', /not found$/)
  see.that('it is whole', true)
  assert.deepEqual(see.outcome(), {
    result: 'pass',
    seen: 'sum: ["6"]; status: 503; error: "Model m not found"; it is whole',
  })
})

test('everything that does not fit is told, and nothing else', () => {
  const see = new Findings()
  see.same('status', 200, 200)
  see.same('sum', undefined, 6)
  see.oneOf('status', 500, [400, 503])
  see.matches('error', 5, /x/)
  see.that('it is whole', false)
  see.fail('line\nbreak')
  assert.deepEqual(see.outcome(), {
    result: 'fail',
    seen: 'sum: nothing, not 6; status: 500, not 400 or 503; error: 5, not /x/; not so: it is whole; line break',
  })
})

test('long values are cut', () => {
  const see = new Findings()
  see.same('data', Array<number>(1000).fill(1), [])
  assert.ok(see.outcome().seen.length < 200)
})

test('what cannot be asked is neither', () => {
  const see = new Findings()
  see.fail('x')
  see.notRun('it needs a broker')
  assert.deepEqual(see.outcome(), { result: 'not run', seen: 'it needs a broker' })
})
