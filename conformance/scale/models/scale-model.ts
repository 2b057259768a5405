import { type InferenceRequest, Model, ServingError } from '@millrace/sdk'
import { seedOf, WEIGHT_COUNT, weightOf } from '../scale-weights.ts'

/** A model of 1 MiB that is made from its name at load; it answers with the weight at the place that it is asked for. */
export class ScaleModel extends Model {
  #weights = new Int32Array(0)

  override load() {
    const seed = seedOf(this.settings.name)
    const weights = new Int32Array(WEIGHT_COUNT)
    for (let index = 0; index < WEIGHT_COUNT; index++) weights[index] = weightOf(seed, index)
    this.#weights = weights
  }

  override memoryBytes() {
    return this.#weights.byteLength
  }

  override predict({ inputs: [place] }: InferenceRequest) {
    if (place?.datatype !== 'INT32') throw new ServingError('INVALID_ARGUMENT', 'the place must be an INT32')
    const weight = this.#weights[place.data[0]!]
    if (weight === undefined) throw new ServingError('INVALID_ARGUMENT', 'there is no such place')
    return { outputs: [{ name: 'weight', datatype: 'INT32' as const, shape: [1], data: [weight] }] }
  }
}
