import { formatShape, ServingError, type Tensor } from '@millrace/sdk'
import { type Rows, toFloat32 } from '@millrace/trees'
import type { TableColumns } from './table-columns.ts'

/** The rows of one request, features side by side. */
export interface RequestRows {
  readonly rows: Rows
  readonly rowCount: number
}

/**
 * The rows of a request: one tensor `[rows, features]` of any name, or a tensor for each feature by its name.
 *
 * FP32 and FP64 are read where they lie. Everything else becomes float32, as `Booster.predict` does with an array of
 * integers; in a table the columns together become float64.
 * @throws ServingError INVALID_ARGUMENT naming the input and what is expected
 */
export function readRows(inputs: readonly Tensor[], table: TableColumns): RequestRows {
  const only = inputs[0]
  if (only === undefined) throw invalid(`the request has no inputs; expected ${table.expected}`)
  if (inputs.length > 1 || isColumn(only, table)) return table.read(inputs)
  return readMatrix(only, table)
}

function isColumn({ name, datatype, shape }: Tensor, table: TableColumns): boolean {
  if (datatype === 'BYTES') return true
  // A model of one feature reads a matrix of one column in either way alike.
  return table.has(name) && (shape.length === 1 || shape[1] !== table.featureCount)
}

function readMatrix(tensor: Tensor, { featureCount, expected }: TableColumns): RequestRows {
  const { name, shape } = tensor
  const [rowCount, width] = shape
  if (shape.length !== 2 || rowCount === undefined)
    throw invalid(`input '${name}' has shape ${formatShape(shape)}; expected ${expected}`)
  if (width !== featureCount)
    throw invalid(
      `input '${name}' has ${String(width)} features a row; the model was trained with ${featureCount}`,
    )
  return { rows: toRows(tensor), rowCount }
}

function toRows(tensor: Tensor): Rows {
  switch (tensor.datatype) {
    case 'FP64':
      return tensor.data
    case 'BYTES':
      throw invalid(`input '${tensor.name}' is text; expected numbers`)
    default:
      return toFloat32(tensor)
  }
}

function invalid(message: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', message)
}
