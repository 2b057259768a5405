import { setTimeout as delay } from 'node:timers/promises'
import { ServingError } from '@millrace/sdk'
import type { ServerLogger, ServerSettings } from '../../base/index.ts'
import type { DataPlane } from '../../dataplane/index.ts'
import { recordAnswerer } from './answer-record.ts'
import { connectionOptions } from './connection.ts'
import type { DoorFigures } from './door-figures.ts'

/** Answers inference requests from one Kafka topic in another. */
export interface KafkaDoor {
  readonly figures: Readonly<DoorFigures>
  /** Begins to read, now that there is somebody to answer. Brokers that are away are tried again until they come. */
  begin(): void
  /**
   * Reads no more, answers what runs and commits it, and leaves the group: what is not answered after `graceMs` is left
   * to be read again, by the group if there is one. Idempotent.
   */
  close(graceMs: number): Promise<void>
}

export interface KafkaDoorOptions {
  readonly settings: ServerSettings
  readonly dataPlane: DataPlane
  readonly log: ServerLogger
}

/** Between two attempts to reach the brokers; each takes twice as long as the one before. */
const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 10_000

/**
 * Makes the door and checks its settings; brokers are not asked before it begins.
 * @throws ServingError INVALID_ARGUMENT for an address, a topic or a file that cannot be used
 */
export async function createKafkaDoor({ settings, dataPlane, log }: KafkaDoorOptions): Promise<KafkaDoor> {
  const connect = await connectionOptions(settings)
  // The client library takes its time to load, which a server without Kafka need not spend.
  const { runSession } = await import('./kafka-session.ts')
  if (settings.kafkaSecurity.sasl?.mechanism === 'PLAIN' && settings.kafkaSecurity.tls === undefined) {
    log.warn('kafka_security sends a password as it is over connections without TLS')
  }
  const figures: DoorFigures = { consumed: 0, answered: 0, failed: 0, inFlight: 0, isConnected: false }
  const options = {
    connect,
    answer: recordAnswerer({
      dataPlane,
      log,
      outputTopic: settings.kafkaOutputTopic,
      deadLetterTopic: settings.kafkaDeadLetterTopic,
      maxBodyBytes: settings.httpMaxBodyBytes,
      maxHeaderBytes: settings.httpMaxHeaderBytes,
      requestTimeoutMs: settings.requestTimeoutMs,
    }),
    inputTopic: settings.kafkaInputTopic,
    groupId: settings.kafkaGroupId,
    maxInFlight: settings.kafkaMaxInFlight,
    maxInFlightBytes: settings.maxInflightBytes,
    figures,
    log,
  }
  const stop = new AbortController()
  const drop = new AbortController()
  const end = { stopping: stop.signal, dropping: drop.signal }

  const run = async () => {
    if (settings.kafkaGroupId === undefined) {
      log.info(
        'kafka_group_id is not set: this server answers every record that arrives while it runs, as all others do',
      )
    }
    const memory = { positions: new Map<number, bigint>(), memberId: null }
    let pauseMs = FIRST_PAUSE_MS
    while (!stop.signal.aborted) {
      const { consumed } = figures
      try {
        await runSession(options, end, memory)
      } catch (error) {
        if (stop.signal.aborted) return
        // One that got somewhere was no attempt in vain.
        if (figures.consumed > consumed) pauseMs = FIRST_PAUSE_MS
        log.warn('Kafka cannot be used; trying again', { reason: reasonOf(error), pauseMs })
        // Not all at the same moment, where many servers lost the same broker.
        await delay(pauseMs * (0.5 + Math.random() / 2), undefined, { signal: stop.signal }).catch(
          () => undefined,
        )
        pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
      }
    }
  }

  let running: Promise<void> = Promise.resolve()
  let closing: Promise<void> | null = null
  return {
    figures,
    begin() {
      if (!stop.signal.aborted) running = run()
    },
    close(graceMs) {
      closing ??= (async () => {
        stop.abort()
        const timer = setTimeout(
          () => drop.abort(new ServingError('UNAVAILABLE', 'the server is stopping')),
          graceMs,
        )
        await running
        clearTimeout(timer)
      })()
      return closing
    },
  }
}

/** How far a reason is followed; errors may go round in a circle. */
const MAX_REASONS = 8

/** What failed, and behind it why; clients wrap that in how often they tried. */
function reasonOf(error: unknown): string {
  const reasons: string[] = []
  let inner = error
  for (let depth = 0; depth < MAX_REASONS && inner instanceof Error; depth++) {
    if (inner instanceof AggregateError && inner.errors.length > 0) inner = inner.errors[0]
    else {
      if (reasons.at(-1) !== inner.message) reasons.push(inner.message)
      inner = inner.cause
    }
  }
  return reasons.length === 0 ? String(error) : reasons.join(' ')
}
