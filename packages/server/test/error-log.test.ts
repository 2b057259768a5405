import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { modelFiles, startTestServer } from './test-server.ts'

const BROKEN = "export class TestModel { predict() { throw new RangeError('secret 42') } }"
const REFUSING = `export class TestModel {
  predict() {
    throw { [Symbol.for('millrace.ServingError')]: true, code: 'INVALID_ARGUMENT', message: 'no such row' }
  }
}`
const HEADERLESS =
  "export class TestModel { predict(request, context) { context.setHeader('content-length', '1') } }"

suite('what goes wrong in a model', () => {
  test('is in the log with its stack, and not in the answer', async t => {
    const { server, ask, log } = await startTestServer(t, modelFiles('m', BROKEN))
    await server.started
    assert.equal(await ask('m'), "500 Model m failed unexpectedly; the server's log has the error")
    const line = log.find(({ level }) => level === 'error')
    assert.equal(line?.['model'], 'm')
    assert.match((line['error'] as { stack: string }).stack, /RangeError: secret 42\n.*model\.ts/)
  })

  test('is in the answer while debugging', async t => {
    const { server, ask } = await startTestServer(t, modelFiles('m', BROKEN), { debug: true })
    await server.started
    assert.equal(await ask('m'), '500 Model m failed unexpectedly: RangeError: secret 42')
  })

  test("is the client's affair if the model says so, of whichever copy of the SDK", async t => {
    const { server, ask, log } = await startTestServer(t, modelFiles('m', REFUSING))
    await server.started
    assert.equal(await ask('m'), '400 no such row')
    assert.deepEqual(
      log.filter(({ level }) => level === 'error'),
      [],
    )
  })

  test('a header that belongs to the server', async t => {
    const { server, ask } = await startTestServer(t, modelFiles('m', HEADERLESS))
    await server.started
    assert.equal(
      await ask('m'),
      "500 response header 'content-length' belongs to the server; a model cannot set it",
    )
  })
})
