import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

/** A broker on this machine, of a single node that is its own controller. */
export interface Broker {
  /** `host:port`. */
  readonly address: string
  /** `host:port` of the listener with TLS and SASL, for those that were started with a certificate. */
  readonly secureAddress: string
  /** Kills it as a power cut would. */
  stop(): Promise<void>
  /** Starts it over the data that it left, on the same port; resolves when it answers. */
  start(): Promise<void>
}

const { KAFKA_CLASSES: classes = '', KAFKA_WORK: work = '' } = process.env
/** What a broker says once its listeners are open. */
const STARTED = /Kafka Server started/
const MEMORY = ['-Xmx256m', '-Xms64m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']
const CLUSTER_ID = 'AAAAAAAAAAAAAAAAAAAAAA'

/** A listener with TLS that knows one user, by PLAIN and SCRAM-SHA-256. */
export interface SecureListener {
  /** PEM: the key, then the certificate. */
  readonly pem: string
  readonly username: string
  readonly password: string
}

/** @param name of the folder that holds its data, in that of this run */
export async function startBroker(name: string, secure?: SecureListener): Promise<Broker> {
  if (classes === '') throw new Error('KAFKA_CLASSES is not set: run conformance/kafka/run.sh')
  const folder = join(work, name)
  await mkdir(folder)
  const [port, controllerPort, securePort] = await Promise.all([freePort(), freePort(), freePort()])
  const settings = join(folder, 'server.properties')
  const listeners = [
    `PLAINTEXT://127.0.0.1:${port}`,
    ...(secure === undefined ? [] : [`SECURE://127.0.0.1:${securePort}`]),
  ]
  const pem = join(folder, 'broker.pem')
  await writeFile(
    settings,
    settingsText(listeners.join(','), controllerPort, join(folder, 'data')) +
      (secure === undefined ? '' : secureText(secure, pem)),
  )
  if (secure !== undefined) await writeFile(pem, secure.pem)
  const logging = join(folder, 'log4j.properties')
  await writeFile(logging, LOGGING)
  const java = (...args: string[]) => [
    ...MEMORY,
    `-Dlog4j.configuration=file:${logging}`,
    '-cp',
    join(classes, '*'),
    ...args,
  ]
  const users =
    secure === undefined
      ? []
      : ['--add-scram', `SCRAM-SHA-256=[name=${secure.username},password=${secure.password}]`]
  await promisify(execFile)(
    'java',
    java('kafka.tools.StorageTool', 'format', '--cluster-id', CLUSTER_ID, '--config', settings, ...users),
  )

  let process: ChildProcess | undefined
  const broker: Broker = {
    address: `127.0.0.1:${port}`,
    secureAddress: `127.0.0.1:${securePort}`,
    async start() {
      const child = spawn('java', java('kafka.Kafka', settings), { stdio: ['ignore', 'pipe', 'inherit'] })
      process = child
      await writeFile(join(folder, 'broker.pid'), String(child.pid))
      const lines: string[] = []
      const started = Promise.withResolvers<void>()
      createInterface(child.stdout).on('line', line => {
        lines.push(line)
        if (STARTED.test(line)) started.resolve()
      })
      child.once('exit', code =>
        started.reject(new Error(`the broker ended (${code}):\n${lines.join('\n')}`)),
      )
      await started.promise
    },
    async stop() {
      if (process === undefined || process.exitCode !== null || process.signalCode !== null) return
      const ended = once(process, 'exit')
      process.kill('SIGKILL')
      await ended
    },
  }
  await broker.start()
  return broker
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

function settingsText(listeners: string, controllerPort: number, data: string): string {
  return `
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controllerPort}
listeners=${listeners},CONTROLLER://127.0.0.1:${controllerPort}
advertised.listeners=${listeners}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL
log.dirs=${data}
num.partitions=1
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=2000
`
}

function secureText({ username, password }: SecureListener, pem: string): string {
  const modules = 'org.apache.kafka.common.security'
  return `
listener.name.secure.ssl.keystore.type=PEM
listener.name.secure.ssl.keystore.location=${pem}
listener.name.secure.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256
listener.name.secure.plain.sasl.jaas.config=${modules}.plain.PlainLoginModule required user_${username}="${password}";
listener.name.secure.scram-sha-256.sasl.jaas.config=${modules}.scram.ScramLoginModule required;
`
}

const LOGGING = `
log4j.rootLogger=WARN, out
log4j.logger.kafka.server.KafkaRaftServer=INFO
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=%p %m%n
`
