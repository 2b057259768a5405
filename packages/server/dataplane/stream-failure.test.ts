import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type InferenceRequest, ServingError } from '@millrace/sdk'
import { modelFiles, startTestServer } from '../test/test-server.ts'
import type { Call } from './call.ts'

const READING = `export class TestModel {
  predict() { return { outputs: [] } }
  async *predictStream(requests) {
    for await (const request of requests) {
      if (request.id === 'poison') throw new RangeError('secret 42')
      yield { outputs: [] }
    }
  }
}`
const CALL: Call = {
  headers: {},
  signal: new AbortController().signal,
  deadlineMs: Number.POSITIVE_INFINITY,
  setHeader() {},
}
const TARGET = { modelName: 'm', modelVersion: undefined }

function request(id: string): InferenceRequest {
  return {
    modelName: 'm',
    modelVersion: undefined,
    id,
    parameters: undefined,
    inputs: [],
    outputs: undefined,
  }
}

for (const { what, id, broken, loggedErrors } of [
  {
    what: 'a stream of requests that breaks off is not logged as a defect',
    id: 'a',
    broken: true,
    loggedErrors: 0,
  },
  { what: 'a model that fails on a stream is', id: 'poison', broken: false, loggedErrors: 1 },
]) {
  test(what, async t => {
    const { server, log } = await startTestServer(t, modelFiles('m', READING))
    await server.started
    const failure = new ServingError('INTERNAL', 'a message starts with flags 7; allowed are 0 and 1')
    const requests = (async function* () {
      yield request(id)
      if (broken) throw failure
    })()
    const answers = server.dataPlane.inferStream(TARGET, requests, CALL)
    await assert.rejects(
      async () => {
        for await (const _ of answers);
      },
      broken ? failure : { code: 'INTERNAL', message: /failed unexpectedly/ },
    )
    assert.equal(log.filter(({ level }) => level === 'error').length, loggedErrors)
  })
}
