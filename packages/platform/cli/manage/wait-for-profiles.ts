import { setTimeout as pause } from 'node:timers/promises'
import { ServingError } from '@millrace/sdk'
import type { ManagerClient, TrainingDataView } from '@millrace/sdk/client'
import { CommandFailure } from '../command-failure.ts'
import { EXIT } from '../exit-codes.ts'

/** What one question waits for; shorter than the time after which a client gives a server up. */
const WAIT_MS = 20_000
/** For servers that do not wait themselves. */
const PAUSE_MS = 1000

/**
 * Waits until the training data that was handed over is processed; resolves with what is to be told of it.
 *
 * Rejects with a `CommandFailure` when processing has failed, and DEADLINE_EXCEEDED when time is up.
 *
 * @param name of the version, for messages
 */
export async function waitForProfiles(
  manager: ManagerClient,
  versionId: number,
  name: string,
  timeoutMs: number,
): Promise<string> {
  const endMs = performance.now() + timeoutMs
  for (;;) {
    const askedMs = performance.now()
    const leftMs = endMs - askedMs
    if (leftMs <= 0) {
      throw new ServingError(
        'DEADLINE_EXCEEDED',
        `the processing of the training data of ${name} took more than ${timeoutMs / 1000} seconds; it goes on, and ` +
          `millrace profile status --model-version ${name} tells of it`,
      )
    }
    const waitMs = Math.min(WAIT_MS, leftMs)
    const status = await manager.versions.trainingDataStatus(versionId, { waitMs })
    if (status.kind === 'Failure') {
      throw new CommandFailure(
        `the training data of ${name} could not be processed${reasonText(status)}`,
        EXIT.failed,
      )
    }
    if (status.kind !== 'Processing') return `training data of ${name} processed${rowsText(status)}`
    const restMs = PAUSE_MS - (performance.now() - askedMs)
    if (restMs > 0) await pause(Math.min(restMs, leftMs))
  }
}

/** One line for people. */
export function statusText(name: string, status: TrainingDataView): string {
  switch (status.kind) {
    case 'NotRegistered':
      return `${name} has no training data`
    case 'Processing':
      return `training data of ${name} is being processed`
    case 'Success':
      return `training data of ${name} processed${rowsText(status)}`
    default:
      return `training data of ${name} could not be processed${reasonText(status)}`
  }
}

function reasonText({ message }: TrainingDataView): string {
  return message === undefined ? '' : `: ${message}`
}

function rowsText({ rows, message }: TrainingDataView): string {
  const count = rows === undefined ? '' : `: ${rows} ${rows === 1 ? 'row' : 'rows'}`
  return message === undefined ? count : `${count}; ${message}`
}
