import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ERROR_CODES, ServingError } from '@millrace/sdk'
import { QUIET } from '../test/manager-bed.ts'
import { answerV1, answerV2, toShownError } from './error-answer.ts'
import { managerTakes } from './manager-paths.ts'

test('every code has a status and a word', () => {
  const words: Record<string, string> = {}
  for (const code of ERROR_CODES) {
    const { status, body } = answerV2(new ServingError(code, 'text'))
    const { message, error } = body as { message: string; error: string }
    assert.equal(message, 'text')
    words[code] = `${status} ${error}`
  }
  assert.equal(words['NOT_FOUND'], '404 NotFound')
  assert.equal(words['ALREADY_EXISTS'], '400 InvalidRequest')
  assert.equal(words['FAILED_PRECONDITION'], '400 InvalidRequest')
  assert.equal(words['UNIMPLEMENTED'], '501 NotSupported')
  assert.equal(words['INTERNAL'], '500 InternalException')
  const large = new ServingError('RESOURCE_EXHAUSTED', 'too large', { httpStatus: 413 })
  assert.equal(answerV2(large).status, 413)
  assert.deepEqual(answerV1(large), {
    status: 500,
    body: { error: 'Client', information: { message: 'too large' } },
  })
})

test('what is a defect is logged and not told', () => {
  const logged: unknown[] = []
  const log = { ...QUIET, error: (message: string) => void logged.push(message) }
  const shown = toShownError(new Error('password is 123'), log)
  assert.equal(shown.message, 'the manager failed to answer; its log says why')
  assert.equal(logged.length, 1)
  assert.deepEqual(answerV1(shown), {
    status: 500,
    body: { error: 'Internal', information: { message: shown.message } },
  })
})

test('takes its own paths, and leaves those of the gateway', () => {
  const taken = ['/api/v2/model', '/api/buildinfo', '/swagger', '/swagger/yaml', '/monitoring/x']
  for (const path of taken) assert.equal(managerTakes(path), true, path)
  const left = [
    '/',
    '/v2/models',
    '/gateway/application/a',
    '/api/v1/applications/serve/1/f',
    '/healthy',
    '/apis',
  ]
  for (const path of left) assert.equal(managerTakes(path), false, path)
})
