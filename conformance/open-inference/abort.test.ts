import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { Question } from './forms/form.ts'
import { isServiceError } from './forms/grpc.ts'
import { statusName } from './forms/grpc-client.ts'
import { requestMessage } from './forms/grpc-messages.ts'
import { openSocket } from './forms/raw-http.ts'
import { answersStill, answersStillInEveryForm, observed } from './good-request.ts'
import { text } from './scenarios/scenario.ts'
import { isExternal, openTarget, startServer, type Target } from './target.ts'

let target: Target
before(async () => {
  target = await openTarget()
})
after(() => target.close())

function never(key: string, mode: 'obey' | 'ignore'): Question {
  return { model: 'never', inputs: [text('key', key), text('mode', mode)] }
}

/** A key that no earlier run against the same server has used. */
function freshKey(title: string): string {
  return `${title} ${crypto.randomUUID()}`
}

suite('a client that leaves aborts its model', () => {
  for (const index of [0, 1, 2, 3]) {
    for (const mode of ['obey', 'ignore'] as const) {
      test(`form ${index}, a model in the mode ${mode}`, async () => {
        const form = target.forms[index]!
        const key = freshKey(form.name)
        const leaving = new AbortController()
        const asking = form.ask(never(key, mode), leaving.signal)
        asking.catch(() => {})
        await observed(target, key, 'entered')
        leaving.abort()
        assert.equal(await observed(target, key, 'aborted'), 'CANCELLED')
        if (form.protocol === 'rest') await assert.rejects(asking, { name: 'AbortError' })
        else assert.equal(((await asking) as { refusal: { status: unknown } }).refusal.status, 'CANCELLED')
        await answersStill(form)
      })
    }
  }

  test('a connection that is cut', async () => {
    const key = freshKey('cut')
    const inputs = never(key, 'obey').inputs
    const body = JSON.stringify({ inputs })
    const socket = await openSocket(target.rest)
    socket.write(
      `POST /v2/models/never/infer HTTP/1.1\r\nHost: x\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    )
    await observed(target, key, 'entered')
    socket.resetAndDestroy()
    assert.equal(await observed(target, key, 'aborted'), 'CANCELLED')
    await answersStill(target.forms[0]!)
  })
})

suite('deadlines', () => {
  for (const mode of ['obey', 'ignore'] as const) {
    test(`a gRPC client's own, with a model in the mode ${mode}`, async () => {
      const key = freshKey('deadline')
      const message = requestMessage(never(key, mode), false)
      await assert.rejects(target.client.call('ModelInfer', message, { timeoutMs: 200 }), error => {
        assert.ok(isServiceError(error))
        assert.equal(statusName(error), 'DEADLINE_EXCEEDED')
        return true
      })
      // The client's clock and the server's may ring in either order.
      assert.match(await observed(target, key, 'aborted'), /^(DEADLINE_EXCEEDED|CANCELLED)$/)
      await answersStillInEveryForm(target)
    })
  }

  suite("the server's own (request_timeout)", { skip: isExternal }, () => {
    let hasty: Target
    before(async () => {
      hasty = await startServer({ settings: { request_timeout: 0.2 } })
    })
    after(() => hasty.close())

    for (const index of [0, 1, 2, 3]) {
      for (const mode of ['obey', 'ignore'] as const) {
        test(`form ${index}, a model in the mode ${mode}`, async () => {
          const form = hasty.forms[index]!
          const key = freshKey('timeout')
          const outcome = await form.ask(never(key, mode))
          assert.ok('refusal' in outcome)
          assert.equal(outcome.refusal.status, form.protocol === 'rest' ? 504 : 'DEADLINE_EXCEEDED')
          assert.match(outcome.refusal.message, /within 200 ms/)
          assert.equal(await observed(hasty, key, 'aborted'), 'DEADLINE_EXCEEDED')
          await answersStill(form)
        })
      }
    }
  })
})
