import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Broker, startBroker } from './broker.ts'
import { kill, startProcess, startReader, startServer } from './server.ts'
import { openTopics, type Question, type Reply, said, saying } from './topics.ts'

let broker: Broker
before(async () => {
  broker = await startBroker('delivery')
})
after(() => broker.stop())

const GROUP = { kafka_group_id: 'delivery' }

/** Records with the keys `first` to `last`, spread over the partitions. */
function numbered(first: number, last: number, parameters = {}, partitions = 1): Question[] {
  return Array.from({ length: last - first + 1 }, (_, index) => ({
    key: String(first + index),
    value: saying(String(first + index), parameters),
    partition: (first + index) % partitions,
  }))
}

function keysOf(replies: readonly Reply[]): Set<string | undefined> {
  return new Set(replies.map(reply => reply.key))
}

/** Until there is an answer for `count` keys. */
function hasKeys(count: number) {
  return (replies: readonly Reply[]) => keysOf(replies).size >= count
}

describe('records of a group', () => {
  test('are all answered once, and never more at a time than allowed', async t => {
    const topics = await openTopics(broker, 2)
    t.after(() => topics.close())
    const server = await startReader(broker, topics, { ...GROUP, kafka_max_in_flight: 4 })
    await topics.ask(...numbered(1, 200, { hold_ms: 2, count: true }, 2))
    await topics.until(hasKeys(200))
    const { port } = server.metrics!
    const figures = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
    await server.close()
    assert.equal(topics.replies.length, 200)
    const most = Math.max(...topics.replies.map(reply => Number(said(reply))))
    assert.equal(most, 4)
    for (const line of [
      'kafka_records_consumed_total 200',
      'kafka_records_failed_total 0',
      'kafka_connected 1',
    ]) {
      assert.ok(figures.includes(`\n${line}\n`), line)
    }
  })

  test('are none lost and none answered twice over a stop and a start, those included that come between', async t => {
    const topics = await openTopics(broker)
    t.after(() => topics.close())
    // A record from before the first start of the group.
    await topics.ask(...numbered(1, 40, { hold_ms: 100 }))
    const settings = { ...GROUP, kafka_max_in_flight: 4 }
    const first = await startReader(broker, topics, settings)
    await topics.until(hasKeys(3))
    await first.close()
    const between = topics.replies.length
    assert.ok(between < 40, `all ${between} were answered before the stop`)
    await topics.ask(...numbered(41, 50))
    const second = await startReader(broker, topics, settings)
    await topics.until(hasKeys(50))
    await second.close()
    assert.equal(topics.replies.length, 50)
  })

  test('are none lost when the server is killed', async t => {
    const topics = await openTopics(broker)
    t.after(() => topics.close())
    const settings = { ...GROUP, kafka_max_in_flight: 4 }
    const child = await startProcess(broker, topics, settings)
    await topics.ask(...numbered(1, 60, { hold_ms: 30 }))
    await topics.until(hasKeys(10))
    await kill(child)
    const server = await startServer(broker, topics, settings)
    t.after(() => server.close())
    await topics.until(hasKeys(60))
  })

  test('are none lost when the broker goes away and comes back', async t => {
    const topics = await openTopics(broker)
    t.after(() => topics.close())
    const server = await startReader(broker, topics, { ...GROUP, kafka_max_in_flight: 4 })
    t.after(() => server.close())
    await topics.ask(...numbered(1, 60, { hold_ms: 30 }))
    await topics.until(hasKeys(10))
    await broker.stop()
    await broker.start()
    const again = await topics.reopen()
    t.after(() => again.close())
    await again.until(hasKeys(60))
  })

  test('are shared by the servers of the group', async t => {
    const topics = await openTopics(broker, 2)
    t.after(() => topics.close())
    const first = await startReader(broker, topics, GROUP)
    t.after(() => first.close())
    const second = await startReader(broker, topics, GROUP)
    t.after(() => second.close())
    await topics.ask(...numbered(1, 40, {}, 2))
    await topics.until(hasKeys(40))
    const consumed = await Promise.all([first, second].map(consumedBy))
    assert.ok(Math.min(...consumed) > 0, `one server was left out: ${consumed.join(', ')}`)
  })
})

async function consumedBy({
  metrics,
}: {
  readonly metrics: { readonly port: number } | null
}): Promise<number> {
  const figures = await (await fetch(`http://127.0.0.1:${metrics!.port}/metrics`)).text()
  return Number(/\nkafka_records_consumed_total (\d+)/.exec(figures)![1])
}

describe('without a group', () => {
  test('every server answers what arrives while it runs', async t => {
    const topics = await openTopics(broker)
    t.after(() => topics.close())
    await topics.ask(...numbered(1, 1))
    const servers = await Promise.all([startReader(broker, topics), startReader(broker, topics)])
    await topics.ask(...numbered(2, 3))
    await topics.until(replies => replies.length >= 4)
    await Promise.all(servers.map(server => server.close()))
    assert.deepEqual(
      topics.replies.map(reply => reply.key).toSorted((a, b) => Number(a) - Number(b)),
      ['2', '2', '3', '3'],
    )
  })

  test('a server goes on where it was when the broker comes back', async t => {
    const topics = await openTopics(broker)
    t.after(() => topics.close())
    const server = await startReader(broker, topics, { kafka_max_in_flight: 4 })
    t.after(() => server.close())
    await topics.ask(...numbered(1, 60, { hold_ms: 30 }))
    await topics.until(hasKeys(10))
    await broker.stop()
    await broker.start()
    const again = await topics.reopen()
    t.after(() => again.close())
    await again.until(hasKeys(60))
  })
})

test('a broker that is away at the start is awaited, and the server is ready without it', async t => {
  const topics = await openTopics(broker)
  t.after(() => topics.close())
  await broker.stop()
  const server = await startServer(broker, topics, GROUP)
  t.after(() => server.close())
  await server.hasSaid('Kafka cannot be used')
  assert.equal(server.dataPlane.isReady(), true)
  await broker.start()
  const again = await topics.reopen()
  t.after(() => again.close())
  await again.ask({ key: 'k', value: saying('hello') })
  await again.until(hasKeys(1))
})
