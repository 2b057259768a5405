import type { Tensor } from '@millrace/sdk'

const SPECIES = ['setosa', 'versicolor', 'virginica']

/** The name of each label that the model before has answered with. */
export function name({ label }: { readonly label: Tensor<'INT64'> }): { species: string[] } {
  return { species: Array.from(label.data, index => SPECIES[Number(index)] ?? 'unknown') }
}
