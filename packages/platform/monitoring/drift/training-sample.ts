import { pipeline } from 'node:stream/promises'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { parse } from 'csv-parse'

/** Rows of training data, drawn by chance, and every category that there was. */
export interface TrainingSample {
  /** Cells by column. */
  readonly values: ReadonlyMap<string, readonly string[]>
  /** Different cells of the whole data; `undefined` for a column with too many. */
  readonly categories: ReadonlyMap<string, ReadonlySet<string> | undefined>
}

interface SampleOptions {
  readonly size: number
  readonly random: () => number
  readonly signal: AbortSignal
}

const BYTES_A_TURN = 64 * 1024
const CATEGORIES_MAX = 10_000
/** Of longer ones the beginning is compared. */
export const CELL_LENGTH_MAX = 256
const ROW_LENGTH_MAX = 16 * 1024 * 1024

/**
 * Reads comma-separated values that were taken as training data. A column belongs to the field of its name, or to that of
 * its name before `_0`. Rejects with the reason of the signal, and for what cannot be read.
 */
export async function sampleTraining(
  bytes: AsyncIterable<Uint8Array>,
  fields: readonly string[],
  { size, random, signal }: SampleOptions,
): Promise<TrainingSample> {
  let columns: readonly (readonly [field: string, index: number])[] | undefined
  let width = 0
  let rowCount = 0
  const rows: string[][] = []
  const categories = new Map<string, Set<string> | undefined>(fields.map(name => [name, new Set()]))
  const take = (cells: readonly string[]) => {
    if (columns === undefined) {
      if (cells.length === 1 && cells[0] === '') return
      columns = columnsOf(cells, fields)
      width = cells.length
      return
    }
    if (cells.length !== width) return
    rowCount++
    const row = columns.map(([, index]) => cells[index]!.slice(0, CELL_LENGTH_MAX))
    for (const [index, [field]] of columns.entries()) {
      const known = categories.get(field)
      if (known === undefined || row[index] === '') continue
      known.add(row[index]!)
      if (known.size > CATEGORIES_MAX) categories.set(field, undefined)
    }
    // Each row that there was is equally likely to stay.
    if (rows.length < size) rows.push(row)
    else {
      const place = Math.floor(random() * rowCount)
      if (place < size) rows[place] = row
    }
  }
  const parser = parse({
    bom: true,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    trim: true,
    max_record_size: ROW_LENGTH_MAX,
    on_record: (cells: unknown) => {
      take(cells as readonly string[])
      return null
    },
  })
  parser.resume()
  await pipeline(slices(bytes), parser, { signal })
  const values = new Map(
    (columns ?? []).map(([field], index) => [
      field,
      rows.map(row => row[index]!).filter(cell => cell !== ''),
    ]),
  )
  return { values, categories }
}

function columnsOf(
  header: readonly string[],
  fields: readonly string[],
): readonly (readonly [field: string, index: number])[] {
  return fields.flatMap(name => {
    const own = header.indexOf(name)
    const index = own >= 0 ? own : header.indexOf(`${name}_0`)
    return index < 0 ? [] : [[name, index] as const]
  })
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
