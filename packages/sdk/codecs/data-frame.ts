import { ServingError } from '../errors/index.ts'
import { BytesArray, describeValue, type NumericData } from '../tensor/index.ts'
import { datatypeOfData } from './nd-array.ts'

/** The values of one column: numbers as a typed array, anything else as a list. */
export type Column = NumericData | readonly unknown[]

/** One row: a value for each column. A cell of a typed array is a number or a bigint. */
export type FrameRecord = Readonly<Record<string, unknown>>

const BRAND = Symbol.for('millrace.DataFrame')

/** Named columns of equal length, in order: the value of content type `pd`. */
export class DataFrame {
  readonly columns: ReadonlyMap<string, Column>
  readonly rowCount: number

  private constructor(columns: ReadonlyMap<string, Column>, rowCount: number) {
    this.columns = columns
    this.rowCount = rowCount
  }

  get [BRAND](): true {
    return true
  }

  /** True for frames of any copy of this package: a model may have installed its own. */
  static is(value: unknown): value is DataFrame {
    return typeof value === 'object' && value !== null && BRAND in value
  }

  /**
   * A frame of columns by name. JavaScript puts names that are whole numbers first in an object; where
   * that order matters, give entries.
   * @throws ServingError INVALID_ARGUMENT when columns differ in length, a name comes twice, or a column
   * is neither a list nor a typed array
   */
  static of(
    columns: Readonly<Record<string, Column>> | Iterable<readonly [name: string, column: Column]>,
  ): DataFrame {
    const entries = Symbol.iterator in columns ? columns : Object.entries(columns)
    const byName = new Map<string, Column>()
    let rowCount: number | undefined
    for (const [name, column] of entries) {
      if (!isColumn(column)) {
        throw invalid(`column '${name}' is ${describeValue(column)}; expected a list or a typed array`)
      }
      if (byName.has(name)) throw invalid(`column '${name}' is given twice`)
      rowCount ??= column.length
      if (column.length !== rowCount) {
        const [first] = byName.keys()
        throw invalid(`column '${name}' has ${column.length} rows; column '${first}' has ${rowCount}`)
      }
      byName.set(name, column)
    }
    return new DataFrame(byName, rowCount ?? 0)
  }

  /**
   * A frame of rows. Columns stand in the order in which the rows first name them; what a row leaves out
   * or has as `undefined` is `null`.
   */
  static fromRecords(records: readonly FrameRecord[]): DataFrame {
    const columns = new Map<string, unknown[]>()
    for (const [row, record] of records.entries()) {
      for (const [name, value] of Object.entries(record)) {
        let column = columns.get(name)
        if (column === undefined)
          columns.set(name, (column = Array.from({ length: records.length }, () => null)))
        column[row] = value ?? null
      }
    }
    return new DataFrame(columns, records.length)
  }

  /** One column's values; `undefined` if there is no such column. */
  column(name: string): Column | undefined {
    return this.columns.get(name)
  }

  /** The rows, each with a value for every column. */
  toRecords(): FrameRecord[] {
    const columns = Array.from(this.columns)
    // Not by assignment: a column may be called `__proto__`.
    return Array.from({ length: this.rowCount }, (_, row) =>
      Object.fromEntries(columns.map(([name, column]) => [name, column[row]])),
    )
  }
}

function isColumn(value: unknown): value is Column {
  return Array.isArray(value) || (!BytesArray.is(value) && datatypeOfData(value) !== undefined)
}

function invalid(message: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', message)
}
