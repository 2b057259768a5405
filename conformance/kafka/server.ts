import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createLogger, loadServerSettings, type RunningServer, serve } from '@millrace/server'
import type { Broker } from './broker.ts'
import type { Topics } from './topics.ts'

const REPOSITORY = fileURLToPath(new URL('repository', import.meta.url))
const PROGRAM = fileURLToPath(new URL('../../packages/platform/cli/main.ts', import.meta.url))
const READING = 'reading records from Kafka'

type Settings = Readonly<Record<string, unknown>>

export interface KafkaServer extends RunningServer {
  /** Resolves when a line of the log has said this. */
  hasSaid(text: string): Promise<void>
}

function settingsFor(broker: Pick<Broker, 'address'>, topics: Topics, settings: Settings): Settings {
  return {
    http_port: 0,
    grpc_port: 0,
    metrics_port: 0,
    parallel_workers: 0,
    shutdown_timeout: 10,
    kafka_enabled: true,
    kafka_servers: broker.address,
    kafka_topic_input: topics.input,
    kafka_topic_output: topics.output,
    ...settings,
  }
}

/** A server in this process; resolves before it reads, because brokers may be away. */
export async function startServer(
  broker: Pick<Broker, 'address'>,
  topics: Topics,
  settings: Settings = {},
): Promise<KafkaServer> {
  const loaded = await loadServerSettings({ flags: settingsFor(broker, topics, settings), environment: {} })
  const lines: string[] = []
  const waiting = new Set<() => void>()
  const server = await serve({
    folder: REPOSITORY,
    settings: loaded.settings,
    environment: {},
    log: createLogger({
      isStructured: true,
      level: 'debug',
      write(line) {
        lines.push(line)
        for (const look of waiting) look()
      },
    }),
  })
  return {
    ...server,
    async hasSaid(text) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const look = () => {
        if (lines.some(line => line.includes(text))) resolve()
      }
      waiting.add(look)
      look()
      await promise
      waiting.delete(look)
    },
  }
}

/** A server that reads. */
export async function startReader(
  broker: Broker,
  topics: Topics,
  settings: Settings = {},
): Promise<KafkaServer> {
  const server = await startServer(broker, topics, settings)
  await server.hasSaid(READING)
  return server
}

/** A server in a process of its own, which can be killed; resolves when it reads. */
export async function startProcess(
  broker: Broker,
  topics: Topics,
  settings: Settings,
): Promise<ChildProcess> {
  const variables = Object.fromEntries(
    Object.entries(settingsFor(broker, topics, settings)).map(([name, value]) => [
      `MILLRACE_${name.toUpperCase()}`,
      String(value),
    ]),
  )
  const child = spawn(process.execPath, ['--conditions=millrace-source', PROGRAM, 'serve', REPOSITORY], {
    env: { ...process.env, ...variables },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const lines: string[] = []
  createInterface(child.stderr).on('line', line => {
    lines.push(line)
    if (line.includes(READING)) resolve()
  })
  child.once('exit', code => reject(new Error(`the server ended (${code}):\n${lines.join('\n')}`)))
  await promise
  return child
}

export async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}
