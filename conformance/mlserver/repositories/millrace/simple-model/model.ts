import { ContractModel, defineContract, type InputValues } from '@millrace/sdk'

const contract = defineContract({
  inputs: {
    foo: { datatype: 'FP64', shape: [-1] },
    bar: { datatype: 'BYTES', shape: [-1], contentType: 'str' },
  },
  outputs: {
    'output-0': { datatype: 'FP64', shape: [1] },
    'output-1': { datatype: 'BYTES', shape: [-1], contentType: 'str' },
  },
})

/** Named and decoded arguments: numbers `foo`, texts `bar`. */
export class Simple extends ContractModel(contract) {
  override predict({ foo, bar }: InputValues<typeof contract>) {
    const total = foo.data.reduce((sum, value) => sum + value, 0)
    return { 'output-0': [total], 'output-1': bar.map(text => text.toUpperCase()) }
  }
}
