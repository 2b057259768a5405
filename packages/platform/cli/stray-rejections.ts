import type { ServerLogger } from '@millrace/server'

/** Has a promise that a model in this process has forgotten logged; it must not take everybody's requests with it. */
export function logStrayRejections(log: ServerLogger): void {
  process.on('unhandledRejection', error =>
    log.error('unhandled rejection: something, probably a model, does not await a promise', { error }),
  )
}
