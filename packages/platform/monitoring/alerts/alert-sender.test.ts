import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import type { Alert } from './alert.ts'
import { createAlertSender } from './alert-sender.ts'

const quiet = () => {}

/** An Alertmanager that answers with a status, when it is let to. */
async function alertmanager(t: TestContext, status = 200) {
  const posts: { path: string | undefined; alerts: Alert[] }[] = []
  const gate = Promise.withResolvers<void>()
  const server = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8').on('data', (piece: string) => void (text += piece))
    request.once('end', () => {
      posts.push({ path: request.url, alerts: JSON.parse(text) as Alert[] })
      server.emit('posted')
      void gate.promise.then(() => response.writeHead(status).end())
    })
  })
  await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const posted = async (count: number) => {
    while (posts.length < count) await once(server, 'posted')
  }
  return { url: `http://127.0.0.1:${port}`, posts, posted, answer: gate.resolve }
}

function sender(t: TestContext, url: string, maxQueued = 1_000) {
  const warnings: string[] = []
  const log = {
    debug: quiet,
    info: quiet,
    error: quiet,
    warn: (message: string) => void warnings.push(message),
  }
  const alerts = createAlertSender({ url, maxQueued, log })
  t.after(() => alerts.close())
  return { alerts, warnings }
}

function alert(number: number): Alert {
  return {
    labels: { alertname: 'Test', number: String(number) },
    annotations: {},
    startsAt: '2026-01-01T00:00:00.000Z',
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(resolve => setImmediate(resolve))
}

test('alerts are posted, one request at a time', async t => {
  const { url, posts, posted, answer } = await alertmanager(t)
  const { alerts } = sender(t, `${url}/prefix/`)
  alerts.send([alert(1)])
  await posted(1)
  alerts.send([alert(2)])
  alerts.send([alert(3)])
  assert.equal(posts.length, 1)
  answer()
  await posted(2)
  await until(() => alerts.sentCount === 3)
  assert.deepEqual(posts, [
    { path: '/prefix/api/v2/alerts', alerts: [alert(1)] },
    { path: '/prefix/api/v2/alerts', alerts: [alert(2), alert(3)] },
  ])
})

test('those beyond the bound, and those that are refused, are counted', async t => {
  const { url, posted, answer } = await alertmanager(t, 500)
  const { alerts, warnings } = sender(t, url, 3)
  alerts.send([alert(0)])
  await posted(1)
  alerts.send(Array.from({ length: 5 }, (_, index) => alert(index)))
  assert.equal(alerts.lostCount, 2)
  answer()
  await until(() => alerts.lostCount === 6)
  assert.equal(alerts.sentCount, 0)
  assert.ok(warnings.length >= 2 && warnings.length <= 3)
})

test('nobody is there', async t => {
  const { alerts } = sender(t, 'http://127.0.0.1:1')
  alerts.send([alert(1)])
  await until(() => alerts.lostCount === 1)
})

test('closing does not wait for an answer', async t => {
  const { url, posted } = await alertmanager(t)
  const { alerts } = sender(t, url)
  alerts.send([alert(1)])
  await posted(1)
  await alerts.close()
  alerts.send([alert(2)])
  assert.deepEqual([alerts.sentCount, alerts.lostCount], [0, 0])
})

test('an address that is none is refused', t => {
  assert.throws(() => sender(t, 'alerts.example:9093'), {
    code: 'INVALID_ARGUMENT',
    message: /http:\/\/HOST:PORT/,
  })
})
