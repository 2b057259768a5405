import { constants } from 'node:os'
import { endProcess } from './end-process.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGQUIT'] as const

/** Resolves at the first signal to stop; a second one, of whichever kind, ends the process at once. */
export function stopSignal(): Promise<void> {
  const { promise, resolve: stop } = Promise.withResolvers<void>()
  let isStopping = false
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (isStopping) endProcess(128 + constants.signals[signal])
      isStopping = true
      stop()
    })
  }
  return promise
}
