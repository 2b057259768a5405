import { type BytesArray, formatShape, type InferenceRequest, ServingError, type Tensor } from '@millrace/sdk'
import { fillRows, orderColumns, shownNames, toFloat32 } from '@millrace/trees'
import type { Booster } from './booster.ts'

/** The features of a request, row-major. */
export interface RequestRows {
  readonly rows: Float32Array
  readonly rowCount: number
}

/** Prepares how requests are read: one tensor with all features, or one tensor for each feature by its name. */
export function createRowReader(
  booster: Pick<Booster, 'featureCount' | 'featureNames' | 'categoryNames'>,
  missing: number | undefined,
): (request: InferenceRequest) => RequestRows {
  const { featureCount, featureNames, categoryNames } = booster
  const columnOf = new Map(featureNames.map((name, column) => [name, column]))
  const codesOf = categoryNames.map(names => names && new Map(names.map((name, code) => [name, code])))

  function readMatrix(tensor: Tensor): RequestRows {
    const { name, shape } = tensor
    if (shape.length !== 2 || shape[1] !== featureCount) {
      throw invalid(
        `input '${name}' has shape ${formatShape(shape)}; expected [-1, ${featureCount}], where -1 stands for any extent`,
      )
    }
    if (tensor.datatype === 'BYTES')
      throw invalid(`input '${name}' has datatype BYTES; expected numbers, such as FP32`)
    return { rows: withMissing(toFloat32(tensor), missing, tensor.data), rowCount: shape[0]! }
  }

  function readColumns(inputs: readonly Tensor[]): RequestRows {
    const table = orderColumns(inputs, featureNames, name => columnOf.get(name))
    const rows = fillRows(new Float32Array(table.rowCount * featureCount), table, (tensor, column) =>
      tensor.datatype === 'BYTES' ? toCodes(tensor.name, tensor.data, codesOf[column]) : toFloat32(tensor),
    )
    return { rows: withMissing(rows, missing), rowCount: table.rowCount }
  }

  return ({ inputs }) => {
    const [first] = inputs
    if (first === undefined)
      throw invalid(`the request has no input; expected a tensor [-1, ${featureCount}]`)
    if (
      inputs.length === 1 &&
      !(first.shape.length < 2 && columnOf.has(first.name)) &&
      first.datatype !== 'BYTES'
    )
      return readMatrix(first)
    if (featureNames.length > 0) return readColumns(inputs)
    if (inputs.length === 1) return readMatrix(first)
    throw invalid(
      `the request has ${inputs.length} inputs; the model has no names of features, so expected is one tensor [-1, ${featureCount}]`,
    )
  }
}

/** @param shared the memory of the request, which must not change */
function withMissing(values: Float32Array, missing: number | undefined, shared?: unknown): Float32Array {
  if (missing === undefined) return values
  const own = values === shared ? values.slice() : values
  for (let index = 0; index < own.length; index++) if (own[index] === missing) own[index] = Number.NaN
  return own
}

function toCodes(
  name: string,
  data: BytesArray,
  codes: ReadonlyMap<string, number> | undefined,
): Float32Array {
  if (codes === undefined)
    throw invalid(`input '${name}' has datatype BYTES; the model knows no texts for this feature`)
  // A text that training has not seen is in no set of categories; XGBoost refuses it, and so do we.
  return Float32Array.from(data.toStrings(), text => {
    const code = codes.get(text)
    if (code !== undefined) return code
    throw invalid(
      `input '${name}' has ${JSON.stringify(text)}; the model knows ${shownNames([...codes.keys()])}`,
    )
  })
}

function invalid(message: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', message)
}
