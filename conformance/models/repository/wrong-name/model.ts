import { Model, type TensorLike } from '@millrace/sdk'

/** Declares `right` and answers `wrong`. */
export class WrongName extends Model {
  override predict() {
    const wrong: TensorLike = { name: 'wrong', datatype: 'FP32', shape: [1], data: [1] }
    return { outputs: [wrong] }
  }
}
