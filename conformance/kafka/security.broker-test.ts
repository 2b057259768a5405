import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { type Broker, startBroker } from './broker.ts'
import { startServer } from './server.ts'
import { openTopics, said, saying } from './topics.ts'

const LOGIN = { username: 'millrace', password: 'pass-word' }

let folder: string
let broker: Broker
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-kafka-'))
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
  const asked =
    'req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1'
  await promisify(execFile)('openssl', [...asked.split(' '), '-keyout', key, '-out', certificate])
  const pem = (await readFile(key, 'utf8')) + (await readFile(certificate, 'utf8'))
  await writeFile(join(folder, 'password'), `${LOGIN.password}\n`)
  await writeFile(join(folder, 'wrong'), 'guess\n')
  broker = await startBroker('security', { pem, ...LOGIN })
})
after(async () => {
  await broker.stop()
  await rm(folder, { recursive: true })
})

function securityWith(mechanism: string, passwordFile: string) {
  return {
    kafka_security: {
      tls: { ca_file: join(folder, 'certificate.pem') },
      sasl: { mechanism, username: LOGIN.username, password_file: join(folder, passwordFile) },
    },
  }
}

for (const mechanism of ['PLAIN', 'SCRAM-SHA-256']) {
  test(`records come and go over TLS, with a password by ${mechanism}`, async t => {
    const topics = await openTopics(broker)
    t.after(() => topics.close())
    const server = await startServer({ address: broker.secureAddress }, topics, {
      kafka_group_id: 'secure',
      ...securityWith(mechanism, 'password'),
    })
    t.after(() => server.close())
    await topics.ask({ key: 'k', value: saying('hello') })
    const [reply] = await topics.until(replies => replies.length > 0)
    assert.equal(said(reply!), 'hello')
  })
}

test('a wrong password and an unknown authority are tried again, and named in the log', async t => {
  const topics = await openTopics(broker)
  t.after(() => topics.close())
  const address = broker.secureAddress
  const stranger = await startServer({ address }, topics, securityWith('SCRAM-SHA-256', 'wrong'))
  t.after(() => stranger.close())
  await stranger.hasSaid('Kafka cannot be used')
  await stranger.hasSaid('uthentication')
  const doubter = await startServer({ address }, topics, { kafka_security: { tls: {} } })
  t.after(() => doubter.close())
  await doubter.hasSaid('Kafka cannot be used')
  await doubter.hasSaid('self-signed certificate')
})
