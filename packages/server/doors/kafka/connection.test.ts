import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { loadServerSettings } from '../../base/index.ts'
import { connectionOptions } from './connection.ts'

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-kafka-'))
})
after(() => rm(folder, { recursive: true }))

async function optionsFor(flags: Readonly<Record<string, unknown>>) {
  const { settings } = await loadServerSettings({ flags, environment: {}, workingDirectory: folder })
  const connect = await connectionOptions(settings)
  return connect()
}

test('addresses are hosts with or without a port', async () => {
  const { bootstrapBrokers, tls, sasl } = await optionsFor({ kafka_servers: 'one, two:1234,[::1]:9093' })
  assert.deepEqual(bootstrapBrokers, [
    { host: 'one', port: 9092 },
    { host: 'two', port: 1234 },
    { host: '::1', port: 9093 },
  ])
  assert.deepEqual([tls, sasl], [undefined, undefined])
})

test('what no broker can be reached by is refused by name', async () => {
  for (const servers of ['', 'a,,b', 'a:0', 'a:65536', 'http://a', 'a b']) {
    await assert.rejects(optionsFor({ kafka_servers: servers }), {
      code: 'INVALID_ARGUMENT',
      message: /^kafka_servers has '.*'; allowed: host:port, separated by commas$/,
    })
  }
  for (const topic of ['', '..', 'a b', 'x'.repeat(250)]) {
    await assert.rejects(optionsFor({ kafka_topic_input: topic }), { message: /^kafka_topic_input is '/ })
  }
  await assert.rejects(optionsFor({ kafka_topic_output: 'mlserver-input' }), {
    message: "kafka_topic_output is 'mlserver-input', like kafka_topic_input; they must differ",
  })
  await assert.rejects(optionsFor({ kafka_dead_letter_topic: 'mlserver-input' }), { message: /must differ/ })
})

test('certificates and passwords are read from their files each time', async () => {
  const sasl = { mechanism: 'SCRAM-SHA-256', username: 'me', password_file: 'password' }
  const security = { tls: { ca_file: 'ca.pem' }, sasl }
  await writeFile(join(folder, 'password'), 'old\n')
  await writeFile(join(folder, 'ca.pem'), 'PEM')
  const { settings } = await loadServerSettings({
    flags: { kafka_security: security },
    environment: {},
    workingDirectory: folder,
  })
  const connect = await connectionOptions(settings)
  await writeFile(join(folder, 'password'), 'new\r\n')
  const options = await connect()
  assert.deepEqual(options.tls, { ca: Buffer.from('PEM') })
  assert.deepEqual(options.sasl, { mechanism: 'SCRAM-SHA-256', username: 'me', password: 'new' })
})

const saslWith = (file: string) => ({
  kafka_security: { sasl: { mechanism: 'PLAIN', username: 'me', password_file: file } },
})

test('files that are not there, are too large or say nothing are refused by name', async () => {
  await writeFile(join(folder, 'empty'), '\n')
  await writeFile(join(folder, 'large'), Buffer.alloc(1024 * 1024 + 1))
  await assert.rejects(optionsFor(saslWith('missing')), {
    message: /^kafka_security\.sasl\.password_file cannot be read/,
  })
  await assert.rejects(optionsFor(saslWith('empty')), { message: /is empty$/ })
  await assert.rejects(optionsFor(saslWith('large')), { message: /1048577 bytes; allowed: 1048576$/ })
  await assert.rejects(optionsFor({ kafka_security: { tls: { key_file: 'empty' } } }), {
    message: 'kafka_security.tls has one of certificate_file and key_file; allowed: both or none',
  })
})

test('a misspelt member of the security settings is refused, because it would leave connections open', async () => {
  await assert.rejects(optionsFor({ kafka_security: { tsl: {} } }), {
    code: 'INVALID_ARGUMENT',
    message: /kafka_security\.tsl is not a setting/,
  })
})
