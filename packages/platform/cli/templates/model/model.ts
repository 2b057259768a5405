import { ContractModel, defineContract, type InputValues } from '@millrace/sdk'

// What goes in and what comes out. Requests that break it are refused before they reach the model,
// and TypeScript checks `predict` against it. -1 stands for any extent.
const contract = defineContract({
  inputs: { values: { datatype: 'FP32', shape: [-1], profile: 'NUMERICAL' } },
  outputs: {
    mean: { datatype: 'FP32', shape: [1], profile: 'NUMERICAL' },
    deviations: { datatype: 'FP32', shape: [-1], profile: 'NUMERICAL' },
  },
})

/** Tells how far each value lies from their mean. Replace it with what your model does. */
export class {{className}} extends ContractModel(contract) {
  override load() {
    // Read weights and the like here; this model's files are under this.settings.folder.
  }

  override predict({ values }: InputValues<typeof contract>) {
    const sum = values.data.reduce((total, value) => total + value, 0)
    const mean = values.data.length === 0 ? 0 : sum / values.data.length
    return { mean: [mean], deviations: values.data.map(value => value - mean) }
  }
}
