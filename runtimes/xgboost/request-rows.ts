import {
  type BytesArray,
  bf16ToFloat32,
  formatShape,
  type InferenceRequest,
  ServingError,
  type Tensor,
} from '@millrace/sdk'
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
    return { rows: withMissing(toFloats(tensor), missing, tensor.data), rowCount: shape[0]! }
  }

  function readColumns(inputs: readonly Tensor[]): RequestRows {
    const rowCount = columnLength(inputs[0]!)
    const isFilled = new Uint8Array(featureCount)
    const rows = new Float32Array(rowCount * featureCount)
    for (const tensor of inputs) {
      const column = columnOf.get(tensor.name)
      if (column === undefined)
        throw invalid(
          `unexpected input '${tensor.name}'; the model has the features ${shownNames(featureNames)}`,
        )
      if (isFilled[column] === 1) throw invalid(`input '${tensor.name}' is given twice`)
      if (columnLength(tensor) !== rowCount) {
        throw invalid(
          `input '${tensor.name}' has ${columnLength(tensor)} rows, input '${inputs[0]!.name}' ${rowCount}`,
        )
      }
      isFilled[column] = 1
      const codes = codesOf[column]
      const values = tensor.datatype === 'BYTES' ? toCodes(tensor.name, tensor.data, codes) : toFloats(tensor)
      for (let row = 0; row < rowCount; row++) rows[row * featureCount + column] = values[row]!
    }
    const absent = isFilled.indexOf(0)
    if (absent >= 0) throw invalid(`input '${featureNames[absent]!}' is missing; every feature is needed`)
    return { rows: withMissing(rows, missing), rowCount }
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

/** One value a row: `[rows]` or `[rows, 1]`. */
function columnLength({ name, shape }: Tensor): number {
  if (shape.length === 1 || (shape.length === 2 && shape[1] === 1)) return shape[0]!
  throw invalid(`input '${name}' has shape ${formatShape(shape)}; a feature has shape [-1] or [-1, 1]`)
}

/** FP32 stays where it is; everything else is converted, as XGBoost does. */
function toFloats(tensor: Exclude<Tensor, { datatype: 'BYTES' }>): Float32Array {
  switch (tensor.datatype) {
    case 'FP32':
      return tensor.data
    case 'BF16':
      return bf16ToFloat32(tensor.data)
    case 'INT64':
    case 'UINT64': {
      const floats = new Float32Array(tensor.data.length)
      for (let index = 0; index < floats.length; index++) floats[index] = Number(tensor.data[index]!)
      return floats
    }
    default:
      return new Float32Array(tensor.data)
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

function shownNames(names: readonly string[]): string {
  const shown = names
    .slice(0, 10)
    .map(name => `'${name}'`)
    .join(', ')
  return names.length > 10 ? `${shown} and ${names.length - 10} more` : shown || 'none'
}

function invalid(message: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', message)
}
