import { ContractModel, defineContract, type InputValues } from '@millrace/sdk'

const contract = defineContract({
  inputs: {
    numbers: { datatype: 'INT32', shape: [-1], profile: 'NUMERICAL' },
    label: { datatype: 'BYTES', shape: [1], contentType: 'str', isOptional: true },
  },
  outputs: {
    total: { datatype: 'INT64', shape: [1], profile: 'NUMERICAL' },
    label: { datatype: 'BYTES', shape: [1], contentType: 'str' },
  },
})

/** Named and typed values, one of them optional. */
export class Contract extends ContractModel(contract) {
  override predict({ numbers, label }: InputValues<typeof contract>) {
    const total = numbers.data.reduce((sum, value) => sum + BigInt(value), 0n)
    return { total: [total], label: label ?? ['none'] }
  }
}
