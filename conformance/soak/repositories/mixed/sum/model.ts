import { type InferenceRequest, Model } from '@millrace/sdk'

/** Adds up each row; requests share batches. */
export class Sum extends Model {
  override predict({ inputs }: InferenceRequest) {
    const { shape, data: values } = inputs[0]!
    const data = values as Float64Array
    const [rows = 0, columns = 0] = shape
    const sums = new Float64Array(rows)
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++) sums[row] = sums[row]! + data[row * columns + column]!
    return { outputs: [{ name: 'sums', datatype: 'FP64', shape: [rows, 1], data: sums }] }
  }
}
