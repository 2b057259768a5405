import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { ServingError } from '@millrace/sdk'
import type { BaseOptions } from '@platformatic/kafka'
import type { KafkaSecurity, ServerSettings } from '../../base/index.ts'

/** Makes what each client needs to reach the brokers, reading certificates and passwords again. */
export type ConnectionOptions = () => Promise<
  Pick<BaseOptions, 'clientId' | 'bootstrapBrokers' | 'tls' | 'tlsServerName' | 'sasl'>
>

type Settings = Pick<
  ServerSettings,
  | 'kafkaServers'
  | 'kafkaInputTopic'
  | 'kafkaOutputTopic'
  | 'kafkaDeadLetterTopic'
  | 'kafkaSecurity'
  | 'serverName'
>

/**
 * Checks how the brokers are to be reached, and reads the files for that once, so that a mistake shows at start.
 * @throws ServingError INVALID_ARGUMENT for an address, a topic or a file that cannot be used
 */
export async function connectionOptions(settings: Settings): Promise<ConnectionOptions> {
  const bootstrapBrokers = settings.kafkaServers.split(',').map(readAddress)
  const hosts = bootstrapBrokers.map(({ host }) => host)
  checkTopics(settings)
  const { kafkaSecurity: security, serverName: clientId } = settings
  const connect: ConnectionOptions = async () => ({
    clientId,
    bootstrapBrokers,
    ...(await readTls(security.tls, hosts)),
    ...(await readSasl(security.sasl)),
  })
  await connect()
  return connect
}

const ADDRESS = /^(?:\[(?<ipv6>[0-9A-Fa-f:.]+)\]|(?<host>[^\s:,[\]/]+))(?::(?<port>\d{1,5}))?$/
const DEFAULT_PORT = 9092

function readAddress(text: string): { readonly host: string; readonly port: number } {
  const { ipv6, host, port } = ADDRESS.exec(text.trim())?.groups ?? {}
  const address = { host: ipv6 ?? host ?? '', port: port === undefined ? DEFAULT_PORT : Number(port) }
  if (address.host !== '' && address.port >= 1 && address.port <= 65_535) return address
  throw refusal(`kafka_servers has '${text.slice(0, 256)}'; allowed: host:port, separated by commas`)
}

/** As brokers check names of topics. */
const TOPIC = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}$/

function checkTopics({
  kafkaInputTopic: input,
  kafkaOutputTopic: output,
  kafkaDeadLetterTopic: dead,
}: Settings) {
  const topics = { kafka_topic_input: input, kafka_topic_output: output, kafka_dead_letter_topic: dead }
  for (const [field, topic] of Object.entries(topics)) {
    if (topic === undefined || TOPIC.test(topic)) continue
    throw refusal(
      `${field} is '${topic.slice(0, 256)}'; allowed: 1 to 249 letters, digits, dots, underscores and dashes`,
    )
  }
  // What is produced would be consumed again, without an end.
  if (output === input)
    throw refusal(`kafka_topic_output is '${output}', like kafka_topic_input; they must differ`)
  if (dead === input)
    throw refusal(`kafka_dead_letter_topic is '${dead}', like kafka_topic_input; they must differ`)
}

async function readTls(
  tls: KafkaSecurity['tls'],
  hosts: readonly string[],
): Promise<Pick<BaseOptions, 'tls' | 'tlsServerName'>> {
  if (tls === undefined) return {}
  const { caFile, certificateFile, keyFile } = tls
  if ((certificateFile === undefined) !== (keyFile === undefined)) {
    throw refusal('kafka_security.tls has one of certificate_file and key_file; allowed: both or none')
  }
  const [ca, cert, key] = await Promise.all([
    read('tls.ca_file', caFile),
    read('tls.certificate_file', certificateFile),
    read('tls.key_file', keyFile),
  ])
  return {
    tls: {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    },
    // The name that a broker may choose its certificate by; an address is none.
    tlsServerName: hosts.every(host => isIP(host) === 0),
  }
}

async function readSasl(sasl: KafkaSecurity['sasl']): Promise<Pick<BaseOptions, 'sasl'>> {
  if (sasl === undefined) return {}
  const { mechanism, username, passwordFile } = sasl
  const password = (await read('sasl.password_file', passwordFile))!.toString().replace(/\r?\n$/, '')
  if (password === '') throw refusal(`kafka_security.sasl.password_file ${passwordFile} is empty`)
  return { sasl: { mechanism, username, password } }
}

/** Far more than certificates and passwords are. */
const MAX_FILE_BYTES = 1024 * 1024

async function read(member: string, path: string | undefined): Promise<Buffer | undefined> {
  if (path === undefined) return undefined
  const content = await readFile(path).catch((cause: unknown) => {
    const said = cause instanceof Error ? cause.message : String(cause)
    throw refusal(`kafka_security.${member} cannot be read: ${said}`, cause)
  })
  if (content.length <= MAX_FILE_BYTES) return content
  throw refusal(`kafka_security.${member} ${path} has ${content.length} bytes; allowed: ${MAX_FILE_BYTES}`)
}

function refusal(message: string, cause?: unknown): ServingError {
  return new ServingError('INVALID_ARGUMENT', message, cause === undefined ? {} : { cause })
}
