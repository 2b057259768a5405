import { type BytesArray, bf16ToFloat32, ServingError, type Tensor } from '@millrace/sdk'
import { fillRows, orderColumns, shownNames } from '@millrace/trees'
import type { ModelText } from './model-text.ts'

/** How a model reads tables: one column for each feature, by its name. */
export interface TableColumns {
  readonly featureCount: number
  readonly featureNames: readonly string[]
  /** What requests may look like, for messages. */
  readonly expected: string
  /** Whether a column has this name. Spaces are as good as underscores, which LightGBM makes of them in training. */
  has(name: string): boolean
  /**
   * The rows of a table. Text is the name of a category and becomes its code; a category that training did not see
   * is missing (NaN).
   * @throws ServingError INVALID_ARGUMENT naming the column and what is expected
   */
  read(columns: readonly Tensor[]): { readonly rows: Float64Array; readonly rowCount: number }
  /** Whether the model can read text in this column: its categories are in the file. */
  hasCategories(feature: number): boolean
}

type Categories = ReadonlyMap<string, number>

export function createTableColumns({ header, pandasCategories }: ModelText): TableColumns {
  const { featureNames } = header
  const featureCount = featureNames.length
  const indexByName = new Map(featureNames.map((name, index) => [name, index]))
  const indexOf = (name: string) => indexByName.get(name) ?? indexByName.get(name.replaceAll(' ', '_'))
  const categories = assignCategories(header.featureInfos, pandasCategories)
  const expected =
    `one tensor of shape [-1,${featureCount}], or ` +
    `${featureCount === 1 ? 'one' : `${featureCount} tensors`} of shape [-1] or [-1,1] named ${shownNames(featureNames)}`

  return {
    featureCount,
    featureNames,
    expected,
    has: name => indexOf(name) !== undefined,
    hasCategories: feature => categories[feature] !== undefined,
    read(columns) {
      const table = orderColumns(columns, featureNames, indexOf)
      const rows = fillRows(new Float64Array(table.rowCount * featureCount), table, (column, feature) =>
        toNumbers(column, categories[feature]),
      )
      return { rows, rowCount: table.rowCount }
    },
  }
}

/**
 * The lists of the file by feature. They stand in the order of the table's categorical columns, and which these are shows in
 * `feature_infos`: `2:0:1` for categories, `none` for a column that held only one value. Where the numbers disagree
 * (columns were declared categorical in another way besides) nobody can tell, and text is refused.
 */
function assignCategories(
  infos: readonly string[],
  lists: readonly Categories[] | null,
): readonly (Categories | undefined)[] {
  if (lists === null) return []
  const certain = infos.flatMap((info, feature) => (isCategoryInfo(info) ? [feature] : []))
  const possible = infos.flatMap((info, feature) =>
    isCategoryInfo(info) || info === 'none' ? [feature] : [],
  )
  const features = [certain, possible].find(({ length }) => length === lists.length) ?? []
  const byFeature: (Categories | undefined)[] = Array.from(infos, () => undefined)
  for (const [index, feature] of features.entries()) byFeature[feature] = lists[index]
  return byFeature
}

function isCategoryInfo(info: string): boolean {
  return info !== 'none' && !info.startsWith('[')
}

function toNumbers(column: Tensor, categories: Categories | undefined): ArrayLike<number> {
  switch (column.datatype) {
    case 'BYTES':
      return toCodes(column.name, column.data, column.parameters?.['content_type'], categories)
    case 'BF16':
      return bf16ToFloat32(column.data)
    case 'INT64':
    case 'UINT64':
      return Float64Array.from(column.data, Number)
    default:
      return column.data
  }
}

function toCodes(
  name: string,
  texts: BytesArray,
  contentType: unknown,
  categories: Categories | undefined,
): Float64Array {
  if (categories === undefined)
    throw invalid(
      `input '${name}' is text, but the model file has no categories for this feature; expected numbers`,
    )
  if (contentType !== undefined && contentType !== null && contentType !== 'str')
    throw invalid(`input '${name}' has a content type other than str; expected the names of categories`)
  return Float64Array.from(texts.toStrings(), text => categories.get(text) ?? Number.NaN)
}

function invalid(message: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', message)
}
