import { formatShape, ServingError, type Tensor } from '@millrace/sdk'

/** A table by the features of a model. */
export interface FeatureColumns {
  /** One tensor of `rowCount` elements for each feature, in the order of the features. */
  readonly columns: readonly Tensor[]
  readonly rowCount: number
}

/**
 * Puts the tensors of a table, one for each feature by its name, into the order of the features.
 * @param indexOf the feature of a name
 * @throws ServingError INVALID_ARGUMENT naming a tensor that is unknown, given twice, missing, no column, or of another
 * length than the first
 */
export function orderColumns(
  inputs: readonly Tensor[],
  featureNames: readonly string[],
  indexOf: (name: string) => number | undefined,
): FeatureColumns {
  let rowCount: number | undefined
  const columns: (Tensor | undefined)[] = Array.from(featureNames, () => undefined)
  for (const tensor of inputs) {
    const feature = indexOf(tensor.name)
    if (feature === undefined)
      throw invalid(
        `unexpected input '${tensor.name}'; the model has the features ${shownNames(featureNames)}`,
      )
    if (columns[feature] !== undefined) throw invalid(`input '${tensor.name}' is given twice`)
    const length = columnLength(tensor)
    rowCount ??= length
    if (length !== rowCount)
      throw invalid(`input '${tensor.name}' has ${length} rows, input '${inputs[0]!.name}' ${rowCount}`)
    columns[feature] = tensor
  }
  // Before memory is taken for rows and features.
  const missing = featureNames.find((_, feature) => columns[feature] === undefined)
  if (missing !== undefined)
    throw invalid(`input '${missing}' is missing; the model was trained with ${featureNames.length} features`)
  return { columns: columns as readonly Tensor[], rowCount: rowCount ?? 0 }
}

/** A matrix row by row, from what `valuesOf` reads in each column. */
export function fillRows<T extends Float32Array | Float64Array>(
  rows: T,
  { columns, rowCount }: FeatureColumns,
  valuesOf: (column: Tensor, feature: number) => ArrayLike<number>,
): T {
  for (const [feature, column] of columns.entries()) {
    const values = valuesOf(column, feature)
    for (let row = 0; row < rowCount; row++) rows[row * columns.length + feature] = values[row]!
  }
  return rows
}

/** Names in quotes, for messages: at most ten. */
export function shownNames(names: readonly string[]): string {
  const shown = names
    .slice(0, MOST_NAMES_SHOWN)
    .map(name => `'${name}'`)
    .join(', ')
  const restCount = names.length - MOST_NAMES_SHOWN
  return restCount > 0 ? `${shown} and ${restCount} more` : shown || 'none'
}

const MOST_NAMES_SHOWN = 10

/** One value a row: `[rows]` or `[rows, 1]`. */
function columnLength({ name, shape }: Tensor): number {
  if (shape.length === 1 || (shape.length === 2 && shape[1] === 1)) return shape[0]!
  throw invalid(`input '${name}' has shape ${formatShape(shape)}; a feature has shape [-1] or [-1, 1]`)
}

function invalid(message: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', message)
}
