import { pipeline } from 'node:stream/promises'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { ServingError } from '@millrace/sdk'
import { CsvError, parse } from 'csv-parse'
import { createFieldProfile, type FieldProfile } from '../profiles/field-profile.ts'
import type { ProfiledField } from '../profiles/profiled-fields.ts'
import { type CsvColumn, readColumns } from './csv-columns.ts'
import type { TrainingLimits } from './training-limits.ts'

/** What training data had. */
export interface TrainingContent {
  readonly profiles: ReadonlyMap<string, FieldProfile>
  /** Rows that were taken, without the header. */
  readonly rowCount: number
  /** Rows that had more or fewer cells than the header, and were not. */
  readonly skippedRowCount: number
  /** Lines on which some of those begin. */
  readonly skippedLines: readonly number[]
  /** Profiled fields without a column. */
  readonly absentFields: readonly string[]
}

/** Bytes that are read before others have their turn. */
const BYTES_A_TURN = 16 * 1024
const SKIPPED_LINES_SHOWN = 5

/**
 * Profiles comma-separated values of UTF-8, whose first line that is not empty names the columns. Cells may be quoted, and
 * are trimmed outside of quotes; what is no number in a column of numbers counts as missing, and so does an empty cell.
 *
 * Rejects INVALID_ARGUMENT for what is no such text or has no header, RESOURCE_EXHAUSTED beyond the limits, and with the
 * reason of the signal.
 */
export async function readTrainingCsv(
  bytes: AsyncIterable<Uint8Array>,
  fields: ReadonlyMap<string, ProfiledField>,
  limits: TrainingLimits,
  signal: AbortSignal,
): Promise<TrainingContent> {
  const profiles = new Map<string, FieldProfile>()
  const skippedLines: number[] = []
  let header: readonly (CsvColumn | undefined)[] | null = null
  let rowCount = 0
  let skippedRowCount = 0

  function takeRow(cells: readonly string[], line: number): void {
    checkCells(cells, line, limits)
    if (header === null) {
      // A line of blanks is empty, too.
      if (cells.length > 1 || cells[0] !== '') header = readColumns(cells, fields)
      return
    }
    if (cells.length !== header.length) {
      skippedRowCount++
      if (skippedLines.length < SKIPPED_LINES_SHOWN) skippedLines.push(line)
      return
    }
    rowCount++
    if (rowCount > limits.rowsMax) {
      throw tooMuch(`there are more than ${limits.rowsMax} rows, which is the limit`)
    }
    for (const [index, column] of header.entries())
      if (column !== undefined) take(profiles, column, cells[index]!)
  }

  const parser = parse({
    bom: true,
    // Rows are counted here, those that are skipped too.
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    trim: true,
    max_record_size: limits.rowLengthMax,
    on_record: (cells: unknown, { lines }) => {
      takeRow(cells as readonly string[], lines)
      return null
    },
  })
  parser.resume()
  try {
    await pipeline(slices(bytes), parser, { signal })
  } catch (error) {
    if (signal.aborted) throw signal.reason
    throw inWords(error, limits)
  }
  if (header === null) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      'the training data is empty; its first line must name the columns',
    )
  }
  const present = new Set((header as readonly (CsvColumn | undefined)[]).map(column => column?.field.name))
  const absentFields = [...fields.keys()].filter(name => !present.has(name))
  return { profiles, rowCount, skippedRowCount, skippedLines, absentFields }
}

function take(profiles: Map<string, FieldProfile>, { field, component }: CsvColumn, cell: string): void {
  let profile = profiles.get(field.name)
  if (profile === undefined) profiles.set(field.name, (profile = createFieldProfile(field.kind)))
  if (field.kind === 'text') profile.text(component).add(cell)
  else profile.numerical(component).add(numberOf(cell))
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i

/** Decimal notation only; truths are 0 and 1, as in tensors. */
function numberOf(cell: string): number {
  if (NUMBER.test(cell)) return Number(cell)
  if (/^true$/i.test(cell)) return 1
  return /^false$/i.test(cell) ? 0 : Number.NaN
}

function checkCells(
  cells: readonly string[],
  line: number,
  { columnsMax, cellLengthMax }: TrainingLimits,
): void {
  if (cells.length > columnsMax) {
    throw tooMuch(`line ${line} has ${cells.length} columns; ${columnsMax} are the limit`)
  }
  for (const cell of cells) {
    if (cell.length <= cellLengthMax) continue
    throw tooMuch(`line ${line} has a cell of ${cell.length} characters; ${cellLengthMax} are the limit`)
  }
}

/** Small pieces, and a turn for everybody else between them. */
async function* slices(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of bytes) {
    for (let from = 0; from < chunk.length; from += BYTES_A_TURN) {
      yield chunk.subarray(from, from + BYTES_A_TURN)
      await nextTurn()
    }
  }
}

function inWords(error: unknown, { rowLengthMax }: TrainingLimits): unknown {
  if (!(error instanceof CsvError)) return error
  const line = typeof error['lines'] === 'number' ? `line ${error['lines']}` : 'the training data'
  switch (error.code) {
    case 'CSV_MAX_RECORD_SIZE':
      return tooMuch(`${line} has a row of more than ${rowLengthMax} characters, which is the limit`)
    case 'CSV_QUOTE_NOT_CLOSED':
      return new ServingError(
        'INVALID_ARGUMENT',
        `a quotation mark is never closed; the data ends on ${line}`,
      )
    default:
      return new ServingError('INVALID_ARGUMENT', `${line} cannot be read: ${error.message}`, {
        cause: error,
      })
  }
}

function tooMuch(message: string): ServingError {
  return new ServingError('RESOURCE_EXHAUSTED', message, { httpStatus: 413 })
}
