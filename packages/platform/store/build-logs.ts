import { ServingError } from '@millrace/sdk'
import { found } from './records.ts'
import type { Scope, WriteTransaction } from './scope.ts'
import type { WakeUps } from './wake-ups.ts'

export interface BuildLogLine {
  /** From 0. */
  readonly index: number
  readonly line: string
}

export interface BuildLogPart {
  readonly lines: readonly BuildLogLine[]
  /** No line comes after the last one that is there. */
  readonly isComplete: boolean
}

/** What builds have said, a log for each model version. */
export interface BuildLogs {
  /**
   * Adds lines; the first call begins the log. A line is cut after 16,384 characters and a log after 100,000 lines, both
   * visibly. Rejects FAILED_PRECONDITION for a log that is complete, or a version that is gone.
   */
  append(versionId: number, lines: readonly string[]): Promise<void>
  /** Says that there is no more; does nothing the second time. */
  complete(versionId: number): Promise<void>
  /** Up to 1,000 lines, beginning with `fromIndex`. Rejects NOT_FOUND for a version without a log. */
  read(versionId: number, fromIndex?: number): Promise<BuildLogPart>
  /**
   * All lines from one on, and each new one, until the log is complete or the signal is aborted.
   * Rejects NOT_FOUND for a version without a log.
   */
  follow(versionId: number, fromIndex?: number, signal?: AbortSignal): AsyncIterable<BuildLogLine>
}

const LINE_LENGTH_MAX = 16_384
const LINES_MAX = 100_000
const READ_AT_ONCE = 1_000
/** Databases take only so many values in one statement. */
const INSERT_AT_ONCE = 1_000

export function createBuildLogs(scope: Scope, wakeUps: WakeUps): BuildLogs {
  const read = (versionId: number, fromIndex = 0): Promise<BuildLogPart> =>
    scope.read(async database => {
      // The end first: lines that come in between belong to what is read next.
      const log = await database
        .selectFrom('build_logs')
        .selectAll()
        .where('version_id', '=', versionId)
        .executeTakeFirst()
      const { line_count: counted, is_complete: isComplete } = found(
        log,
        `logs for model version id = ${versionId}`,
      )
      const lineCount = Math.min(counted, LINES_MAX)
      const lines = await database
        .selectFrom('build_log_lines')
        .select(['line_index as index', 'line'])
        .where('version_id', '=', versionId)
        .where('line_index', '>=', fromIndex)
        .where('line_index', '<', Math.min(lineCount, fromIndex + READ_AT_ONCE))
        .orderBy('line_index')
        .execute()
      return {
        lines: lines.map(({ index, line }) => ({ index, line })),
        isComplete: isComplete === 1 && fromIndex + lines.length >= lineCount,
      }
    })

  const isOver = (signal: AbortSignal | undefined) => wakeUps.isClosed || signal?.aborted === true

  return {
    append: (versionId, lines) =>
      scope.write(async transaction => {
        if (lines.length === 0) return
        const before = await countBefore(transaction, versionId, lines.length)
        const kept = keep(lines, before)
        for (let start = 0; start < kept.length; start += INSERT_AT_ONCE) {
          const rows = kept.slice(start, start + INSERT_AT_ONCE).map((line, index) => ({
            version_id: versionId,
            line_index: before + start + index,
            line,
          }))
          await transaction.database.insertInto('build_log_lines').values(rows).execute()
        }
        transaction.wake(topicOf(versionId))
      }),
    complete: versionId =>
      scope.write(async ({ database, wake }) => {
        await database
          .insertInto('build_logs')
          .values({ version_id: versionId, line_count: 0, is_complete: 1 })
          .onConflict(conflict => conflict.column('version_id').doUpdateSet({ is_complete: 1 }))
          .execute()
        wake(topicOf(versionId))
      }),
    read,
    async *follow(versionId, fromIndex = 0, signal) {
      let next = fromIndex
      while (!isOver(signal)) {
        const mark = wakeUps.mark()
        const { lines, isComplete } = await read(versionId, next)
        for (const line of lines) {
          next = line.index + 1
          yield line
          if (isOver(signal)) return
        }
        if (isComplete) return
        if (lines.length > 0) continue
        if (!(await wakeUps.waitAfter(topicOf(versionId), mark, signal))) return
      }
    },
  }
}

function topicOf(versionId: number): string {
  return `build-log:${versionId}`
}

/** Counts new lines in, and says how many there were before. */
async function countBefore(
  { database }: WriteTransaction,
  versionId: number,
  added: number,
): Promise<number> {
  await database
    .insertInto('build_logs')
    .values({ version_id: versionId, line_count: 0, is_complete: 0 })
    .onConflict(conflict => conflict.doNothing())
    .execute()
  // Lines that the limit cuts off are counted too; readers stop at the limit.
  const log = await database
    .updateTable('build_logs')
    .set(({ eb }) => ({ line_count: eb('line_count', '+', added) }))
    .where('version_id', '=', versionId)
    .where('is_complete', '=', 0)
    .returning('line_count')
    .executeTakeFirst()
  if (log !== undefined) return log.line_count - added
  throw new ServingError(
    'FAILED_PRECONDITION',
    `the build log of model version id ${versionId} is complete; no line can be added`,
  )
}

/** The lines as they are stored, after so many others. */
function keep(lines: readonly string[], before: number): string[] {
  const kept = lines.slice(0, Math.max(0, LINES_MAX - before)).map(line => {
    // PostgreSQL has no text with a zero in it, and a terminal shows nothing for it.
    const text = line.replaceAll('\0', '�')
    return text.length > LINE_LENGTH_MAX ? `${text.slice(0, LINE_LENGTH_MAX)} … (cut)` : text
  })
  if (kept.length > 0 && before + kept.length === LINES_MAX) {
    kept[kept.length - 1] = `… (cut after ${LINES_MAX} lines)`
  }
  return kept
}
