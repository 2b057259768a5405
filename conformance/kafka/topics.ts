import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { Admin, Consumer, ProduceAcks, Producer } from '@platformatic/kafka'
import type { Broker } from './broker.ts'

export interface Reply {
  readonly key: string | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly value: Readonly<Record<string, unknown>>
}

/** A record for the input topic; the value is written as JSON unless it is a text. */
export interface Question {
  readonly key?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly value?: unknown
  readonly partition?: number
}

/** An input and an output topic of one test's own, and clients to write to one and read the other. */
export interface Topics {
  readonly input: string
  readonly output: string
  readonly deadLetters: string
  /** Everything that came out so far, dead letters too. */
  readonly replies: readonly Reply[]
  ask(...questions: Question[]): Promise<void>
  /** Resolves when what came out satisfies; the runner's timeout is the limit. */
  until(isEnough: (replies: readonly Reply[]) => boolean): Promise<readonly Reply[]>
  /** The same topics with clients of their own, for when the broker was away; replies are read from the first. */
  reopen(): Promise<Topics>
  close(): Promise<void>
}

const CLIENT = { clientId: 'test', retries: 30, retryDelay: 200 } as const

export async function openTopics(broker: Broker, partitions = 1): Promise<Topics> {
  const client = { ...CLIENT, bootstrapBrokers: [broker.address] }
  const name = randomUUID()
  const [input, output, deadLetters] = [`${name}-in`, `${name}-out`, `${name}-dead`]
  const admin = new Admin(client)
  await admin.createTopics({ topics: [input], partitions, replicas: 1 })
  await admin.createTopics({
    topics: [output, deadLetters],
    partitions: 1,
    replicas: 1,
    configs: [{ name: 'max.message.bytes', value: '100000' }],
  })
  await admin.close()
  return connect(broker, { input, output, deadLetters })
}

async function connect(
  broker: Broker,
  names: Pick<Topics, 'input' | 'output' | 'deadLetters'>,
): Promise<Topics> {
  const client = { ...CLIENT, bootstrapBrokers: [broker.address] }
  const { input, output, deadLetters } = names
  const producer = new Producer({ ...client, acks: ProduceAcks.ALL })
  const consumer = new Consumer({ ...client, groupId: randomUUID(), maxWaitTime: 200 })
  const stream = await consumer.consume({
    topics: [output, deadLetters],
    autocommit: false,
    mode: 'earliest',
  })
  const replies: Reply[] = []
  stream.on('error', () => {})
  stream.on('data', ({ key, headers, value }) => {
    replies.push({
      key: (key as Buffer | undefined)?.toString(),
      headers: Object.fromEntries(Array.from(headers, ([header, text]) => [String(header), String(text)])),
      value: parse(value),
    })
  })
  return {
    ...names,
    replies,
    async ask(...questions) {
      await producer.send({
        messages: questions.map(({ key, headers = { 'mlserver-model': 'probe' }, value, partition }) => ({
          topic: input,
          headers: new Map(
            Object.entries(headers).map(([header, text]) => [Buffer.from(header), Buffer.from(text)]),
          ),
          value: Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
          ...(key === undefined ? {} : { key: Buffer.from(key) }),
          ...(partition === undefined ? {} : { partition }),
        })),
      })
    },
    async until(isEnough) {
      while (!isEnough(replies)) await once(stream, 'data')
      return replies
    },
    reopen: () => connect(broker, names),
    async close() {
      await consumer.close(true)
      await producer.close()
    },
  }
}

/** A dead letter may hold anything. */
function parse(value: Buffer): Reply['value'] {
  try {
    return JSON.parse(value.toString()) as Reply['value']
  } catch {
    return { text: value.toString() }
  }
}

/** A request that the model `probe` says back. */
export function saying(text: string, parameters: Readonly<Record<string, unknown>> = {}) {
  return { inputs: [{ name: 'text', datatype: 'BYTES', shape: [1], data: [text] }], parameters }
}

/** What the model `probe` has said. */
export function said({ value }: Reply): unknown {
  return (value['outputs'] as { data: unknown[] }[] | undefined)?.[0]?.data[0]
}
