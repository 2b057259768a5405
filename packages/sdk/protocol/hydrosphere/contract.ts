import type { TensorSpec } from '../../contract/index.ts'
import type { Shape } from '../../tensor/index.ts'

/** A field of a signature: a `TensorSpec` whose shape may be left open. */
export interface HydrosphereField extends Pick<TensorSpec, 'name' | 'datatype' | 'profile'> {
  /** -1 stands for any extent; undefined for any shape at all, which is not the same as a scalar's `[]`. */
  readonly shape: Shape | undefined
}

/** A function of a model: what it is called, what goes in, what comes out. */
export interface HydrosphereSignature {
  readonly name: string
  readonly inputs: readonly HydrosphereField[]
  readonly outputs: readonly HydrosphereField[]
}

/** What `contract.protobin` holds. */
export interface HydrosphereContract {
  /** Empty in G3, where the file does not say it. */
  readonly modelName: string
  /** One or more in G1; exactly one in G2 and G3. */
  readonly signatures: readonly HydrosphereSignature[]
}

/** The fields as a model publishes them; undefined if the shape of one is left open, which a `TensorSpec` cannot say. */
export function toTensorSpecs(fields: readonly HydrosphereField[]): readonly TensorSpec[] | undefined {
  const specs: TensorSpec[] = []
  for (const field of fields) {
    if (field.shape === undefined) return undefined
    specs.push({ ...field, shape: field.shape })
  }
  return specs
}
