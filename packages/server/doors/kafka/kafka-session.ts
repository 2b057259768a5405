import { randomUUID } from 'node:crypto'
import { Consumer, type Message, type MessagesStream, ProduceAcks, Producer } from '@platformatic/kafka'
import type { ServerLogger } from '../../base/index.ts'
import type { AnswerRecord } from './answer-record.ts'
import type { ConnectionOptions } from './connection.ts'
import type { DoorFigures } from './door-figures.ts'
import { type InputRecord, type Produce, sizeOf } from './kafka-record.ts'
import { PartitionProgress, type Position } from './partition-progress.ts'
import { producing } from './producing.ts'
import { unless, within } from './waiting.ts'

export interface SessionOptions {
  readonly connect: ConnectionOptions
  readonly answer: AnswerRecord
  readonly inputTopic: string
  /** Undefined: all partitions, no commits. */
  readonly groupId: string | undefined
  readonly maxInFlight: number
  readonly maxInFlightBytes: number
  readonly figures: DoorFigures
  readonly log: ServerLogger
}

/** What outlives a session. */
export interface SessionMemory {
  /** By partition, for a consumer without a group: where to begin. Other partitions begin at their end. */
  readonly positions: Map<number, bigint>
  /** In a group: the name that the broker gave, under which it takes this server back without waiting for it to die. */
  memberId: string | null
}

/** How a session is told to end: first to read no more, and then, if that was not enough, to drop what still runs. */
export interface SessionEnd {
  readonly stopping: AbortSignal
  readonly dropping: AbortSignal
}

/** A member that says nothing for this long is taken for dead, and its records go to others. */
const SESSION_TIMEOUT_MS = 20_000
const REBALANCE_TIMEOUT_MS = 25_000
/** Longer than a broker may take to let a member join. */
const REQUEST_TIMEOUT_MS = 30_000
/** How long a broker holds a fetch that finds nothing. */
const FETCH_WAIT_MS = 1000
/** What one fetch brings at most, unless the first record alone is larger. */
const MAX_FETCH_BYTES = 8 * 1024 * 1024
/** What the last commit may take. */
const LAST_COMMIT_MS = 5000
/** What a client has to say goodbye in, once nothing depends on it any more. */
const GOODBYE_MS = 2000

const CLIENT_OPTIONS = {
  // Few and short, because they multiply where one operation needs another; the door tries again at leisure.
  retries: 2,
  retryDelay: 300,
  requestTimeout: REQUEST_TIMEOUT_MS,
  // Whether brokers make topics that are missing is their own setting.
  autocreateTopics: true,
} as const

/**
 * One life of the connections to the brokers: resolves when it was told to end and has, rejects when it broke.
 * Nothing of it runs on then.
 * @param memory what the session before has left, and this one leaves to the next
 */
export async function runSession(
  options: SessionOptions,
  end: SessionEnd,
  memory: SessionMemory,
): Promise<void> {
  const connection = await options.connect()
  end.stopping.throwIfAborted()
  const consumer = new Consumer({
    ...connection,
    ...CLIENT_OPTIONS,
    // A group of its own is how the broker hands every partition to this server.
    groupId: options.groupId ?? `${connection.clientId}-${randomUUID()}`,
    sessionTimeout: SESSION_TIMEOUT_MS,
    rebalanceTimeout: REBALANCE_TIMEOUT_MS,
    maxWaitTime: FETCH_WAIT_MS,
    maxBytes: MAX_FETCH_BYTES,
    highWaterMark: options.maxInFlight,
  })
  const producer = new Producer({ ...connection, ...CLIENT_OPTIONS, acks: ProduceAcks.ALL })
  const session = new Session(options, end, consumer, producer, memory.positions)
  if (options.groupId !== undefined) consumer.memberId = memory.memberId
  try {
    await session.run()
  } finally {
    memory.memberId = consumer.memberId ?? memory.memberId
    await Promise.allSettled([
      within(GOODBYE_MS, consumer.close(true)),
      within(GOODBYE_MS, producer.close(true)),
    ])
  }
}

class Session {
  readonly #options: SessionOptions
  readonly #end: SessionEnd
  readonly #consumer: Consumer
  readonly #produce: Produce
  readonly #positions: Map<number, bigint>
  readonly #progress = new PartitionProgress()
  readonly #broken = new AbortController()
  /** What runs is dropped. */
  readonly #dropping: AbortSignal
  /** Resolved when nothing is in flight any more and nothing more is taken. */
  readonly #idle = Promise.withResolvers<void>()
  #stream: MessagesStream<Buffer, Buffer, Buffer, Buffer> | undefined
  #inFlight = 0
  #inFlightBytes = 0
  #committing: Promise<void> | null = null

  constructor(
    options: SessionOptions,
    end: SessionEnd,
    consumer: Consumer,
    producer: Producer,
    positions: Map<number, bigint>,
  ) {
    this.#options = options
    this.#end = end
    this.#consumer = consumer
    this.#produce = producing(producer)
    this.#positions = positions
    this.#dropping = AbortSignal.any([end.dropping, this.#broken.signal])
    for (const client of [consumer, producer]) {
      // Without a listener an error would end the process.
      client.on('error', (error: unknown) => this.#break(error))
    }
    consumer.on('consumer:heartbeat:stalled', ({ lastError }) =>
      this.#break(lastError ?? new Error('the group does not hear this server any more')),
    )
  }

  async run(): Promise<void> {
    const onEnd = () => this.#settleIfIdle()
    const { stopping } = this.#end
    stopping.addEventListener('abort', onEnd)
    this.#broken.signal.addEventListener('abort', onEnd)
    try {
      if (await this.#open()) await this.#idle.promise
      await within(LAST_COMMIT_MS, this.#commit())
    } finally {
      stopping.removeEventListener('abort', onEnd)
      for (const { partition, offset } of this.#progress.positions()) this.#positions.set(partition, offset)
      this.#options.figures.isConnected = false
    }
    this.#broken.signal.throwIfAborted()
  }

  get #isEnding(): boolean {
    return this.#end.stopping.aborted || this.#broken.signal.aborted
  }

  /** Joins and begins to read; false if it was told to end before. */
  async #open(): Promise<boolean> {
    const { inputTopic, groupId } = this.#options
    const opening = this.#consumer.consume({
      topics: [inputTopic],
      autocommit: false,
      ...(groupId === undefined
        ? this.#atPositions()
        : ({ mode: 'committed', fallbackMode: 'earliest' } as const)),
    })
    try {
      this.#read(await unless(this.#end.stopping, opening))
      return true
    } catch (error) {
      if (this.#end.stopping.aborted) return false
      throw error
    }
  }

  #read(stream: MessagesStream<Buffer, Buffer, Buffer, Buffer>): void {
    const { inputTopic, groupId, figures, log } = this.#options
    this.#stream = stream
    stream.on('error', error => this.#break(error))
    stream.on('close', () => {
      if (!this.#isEnding) this.#break(new Error('the stream of records has ended'))
    })
    stream.on('offsets', () => this.#rememberStarts(stream))
    stream.on('readable', () => this.#take())
    // Only then is it decided where reading begins: what arrives from now on is read, group or not.
    stream.once('offsets', () => {
      figures.isConnected = true
      log.info('reading records from Kafka', {
        topic: inputTopic,
        ...(groupId === undefined ? {} : { group: groupId }),
      })
    })
    this.#take()
  }

  #atPositions() {
    const topic = this.#options.inputTopic
    if (this.#positions.size === 0) return { mode: 'latest' } as const
    const offsets = Array.from(this.#positions, ([partition, offset]) => ({ topic, partition, offset }))
    return { mode: 'manual', fallbackMode: 'latest', offsets } as const
  }

  /** Where reading begins in partitions that no record has come from yet; after that the progress knows better. */
  #rememberStarts(stream: MessagesStream<Buffer, Buffer, Buffer, Buffer>): void {
    for (const [key, offset] of stream.offsetsToFetch) {
      const partition = Number(key.slice(key.lastIndexOf(':') + 1))
      if (!this.#positions.has(partition)) this.#positions.set(partition, offset)
    }
  }

  /** Takes as many records as there is room for; the stream stops fetching while its own buffer is full. */
  #take(): void {
    const { maxInFlight, maxInFlightBytes } = this.#options
    // A record that is larger than the room for all goes alone.
    while (
      !this.#isEnding &&
      this.#inFlight < maxInFlight &&
      (this.#inFlightBytes < maxInFlightBytes || this.#inFlight === 0)
    ) {
      const message = this.#stream?.read() as Message | null | undefined
      if (message === null || message === undefined) return
      const { topic, partition, offset, key, value, headerEntries: headers } = message
      if (this.#progress.begin(partition, offset)) {
        void this.#work({ topic, partition, offset, key, value, headers })
      } else {
        // It came once more because the group does not know yet that it was answered.
        void this.#commit()
      }
    }
  }

  async #work(record: InputRecord): Promise<void> {
    const { figures, answer } = this.#options
    const sizeBytes = sizeOf(record)
    this.#inFlight += 1
    this.#inFlightBytes += sizeBytes
    figures.inFlight += 1
    figures.consumed += 1
    try {
      const outcome = await answer(record, this.#produce, this.#dropping)
      figures[outcome] += 1
      this.#progress.finish(record.partition, record.offset)
      void this.#commit()
    } catch (error) {
      this.#break(error)
    }
    this.#inFlight -= 1
    this.#inFlightBytes -= sizeBytes
    figures.inFlight -= 1
    this.#take()
    this.#settleIfIdle()
  }

  /** Commits what has been answered, one request at a time: while one is under way, what comes in waits for the next. */
  #commit(): Promise<void> {
    if (this.#options.groupId === undefined) return Promise.resolve()
    this.#committing ??= (async () => {
      try {
        for (let risen = this.#takeOwned(); risen.length > 0; risen = this.#takeOwned()) {
          const topic = this.#options.inputTopic
          await this.#consumer.commit({
            offsets: risen.map(({ partition, offset }) => ({ topic, partition, offset, leaderEpoch: -1 })),
          })
        }
      } catch (error) {
        this.#break(error)
      }
      this.#committing = null
    })()
    return this.#committing
  }

  /** A partition that has gone to another member is that one's to commit. */
  #takeOwned(): Position[] {
    const { inputTopic } = this.#options
    const owned = new Set(
      this.#consumer.assignments?.flatMap(({ topic, partitions }) =>
        topic === inputTopic ? partitions : [],
      ),
    )
    return this.#progress.takeNew().filter(({ partition }) => owned.has(partition))
  }

  /** While it stops, one failure is no reason to drop what else runs; what it was about is left to be read again. */
  #break(error: unknown): void {
    if (!this.#end.stopping.aborted) this.#broken.abort(error)
    else this.#options.log.debug('Kafka failed while the server was stopping', { error })
  }

  #settleIfIdle(): void {
    if (this.#isEnding && this.#inFlight === 0) this.#idle.resolve()
  }
}
