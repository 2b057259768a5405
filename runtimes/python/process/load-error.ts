import { type Logger, ServingError } from '@millrace/sdk'
import type { Failure } from '../channel/index.ts'

/** How much of a traceback the caller of a load is told: the line that failed, its place, and the error. */
const TOLD_LINES = 6

/** Logs the whole traceback, and makes the error that the caller of the load gets, with its last lines. */
export function loadError(modelName: string, { error, traceback }: Failure, log: Logger): ServingError {
  const { code, message, httpStatus } = error
  log.error(`Model ${modelName} failed to load in Python: ${message}`, { traceback })
  const lines = traceback?.trimEnd().split('\n') ?? []
  const told = lines.length === 0 ? '' : `\n${lines.slice(-TOLD_LINES).join('\n')}`
  return new ServingError(
    code,
    `Model ${modelName} failed to load in Python: ${message}${told}`,
    httpStatus === undefined ? {} : { httpStatus },
  )
}
