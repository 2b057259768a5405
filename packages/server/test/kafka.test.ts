import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { startTestServer } from './test-server.ts'

/** The figures of the door on the metrics listener. */
async function kafkaFigures(metrics: { readonly port: number } | null): Promise<string[]> {
  const text = await (await fetch(`http://127.0.0.1:${metrics!.port}/metrics`)).text()
  return text.split('\n').filter(line => line.startsWith('kafka_'))
}

test('a server is ready and can be closed with a broker that takes connections and says nothing', async t => {
  const sockets = new Set<Socket>()
  const silent = createServer(socket => void sockets.add(socket)).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    silent.close()
  })
  const address = silent.address() as { readonly port: number }
  const connected = once(silent, 'connection')
  const { server } = await startTestServer(
    t,
    {},
    { kafka_enabled: true, kafka_servers: `127.0.0.1:${address.port}` },
  )
  assert.deepEqual(await server.started, [])
  assert.equal(server.dataPlane.isReady(), true)
  await connected
  assert.deepEqual(await kafkaFigures(server.metrics), [
    'kafka_records_consumed_total 0',
    'kafka_records_answered_total 0',
    'kafka_records_failed_total 0',
    'kafka_records_in_progress 0',
    'kafka_connected 0',
  ])
  await server.close()
})

test('settings that no broker can be reached by end the start; without Kafka there are no figures', async t => {
  await assert.rejects(startTestServer(t, {}, { kafka_enabled: true, kafka_servers: 'a b' }), {
    code: 'INVALID_ARGUMENT',
    message: "kafka_servers has 'a b'; allowed: host:port, separated by commas",
  })
  const { server } = await startTestServer(t, {}, { kafka_servers: 'a b' })
  assert.deepEqual(await kafkaFigures(server.metrics), [])
})
