import { Worker } from 'node:worker_threads'
import { type ErrorCode, ServingError } from '@millrace/sdk'
import { type StoredCounts, storedCounts } from './check-counts.ts'
import type { CheckRetention, Checks, NewCheck } from './checks.ts'
import { databaseError } from './database-error.ts'

/** Adds checks to a database file beside the thread that asks for it, which answers requests meanwhile. */
export interface CheckWriter {
  readonly append: Checks['append']
  /** Settles when what was asked is written and the file is let go. Idempotent. */
  readonly close: () => Promise<void>
}

/** What the thread is asked. Counts are pairs: maps are slow to hand over. */
export interface AppendMessage {
  readonly checks: readonly PackedCheck[]
  readonly retention: CheckRetention
}

type PackedCheck = Omit<NewCheck, 'counts'> & { readonly counts: StoredCounts }

/** What it answers, in the order in which it was asked. */
export type AppendAnswer =
  | { readonly storedCount: number }
  | { readonly code: ErrorCode; readonly message: string }

const ENTRY = new URL('./check-writer-entry.ts', import.meta.url)

/**
 * The thread begins with the first checks, and has a connection of its own. Who else writes waits at most for the few
 * milliseconds of one transaction of the thread's, and the thread for theirs.
 */
export function createCheckWriter(file: string): CheckWriter {
  let thread: WriterThread | undefined
  let isClosed = false
  return {
    append(checks, retention) {
      if (isClosed) return Promise.reject(new ServingError('UNAVAILABLE', 'the database is closed'))
      if (thread === undefined || thread.hasEnded) thread = startThread(file)
      return thread.append({ checks: checks.map(packed), retention })
    },
    close() {
      isClosed = true
      return thread?.close() ?? Promise.resolve()
    },
  }
}

function packed({ counts, ...check }: NewCheck): PackedCheck {
  return { ...check, counts: storedCounts(counts) }
}

interface WriterThread {
  readonly hasEnded: boolean
  append(message: AppendMessage): Promise<{ readonly storedCount: number }>
  close(): Promise<void>
}

function startThread(file: string): WriterThread {
  const worker = new Worker(ENTRY, { workerData: file, name: 'millrace checks' })
  const waiting: PromiseWithResolvers<{ readonly storedCount: number }>[] = []
  const exited = Promise.withResolvers<void>()
  let failure: unknown = new Error('the thread that writes checks has ended')
  let hasEnded = false
  worker.on('message', (answer: AppendAnswer) => {
    const asked = waiting.shift()
    if ('storedCount' in answer) asked?.resolve(answer)
    else asked?.reject(new ServingError(answer.code, answer.message))
    // Nobody is kept from ending by a thread that has nothing to do.
    if (waiting.length === 0) worker.unref()
  })
  worker.on('error', error => {
    failure = error
  })
  worker.on('exit', () => {
    hasEnded = true
    for (const { reject } of waiting.splice(0)) reject(databaseError(failure))
    exited.resolve()
  })
  worker.unref()
  return {
    get hasEnded() {
      return hasEnded
    },
    append(message) {
      const asked = Promise.withResolvers<{ readonly storedCount: number }>()
      waiting.push(asked)
      worker.ref()
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
      worker.postMessage(message)
      return asked.promise
    },
    close() {
      worker.ref()
      // Nothing to be done: it ends behind what it was asked.
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
      worker.postMessage(null)
      return exited.promise
    },
  }
}
