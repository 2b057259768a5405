import { ContractModel, defineContract, type InputValues } from '@millrace/sdk'

const contract = defineContract({
  inputs: {
    numbers: { datatype: 'INT32', shape: [-1] },
    label: { datatype: 'BYTES', shape: [-1], contentType: 'str', isOptional: true },
    when: { datatype: 'BYTES', shape: [-1], contentType: 'datetime', isOptional: true },
    bytes: { datatype: 'BYTES', shape: [-1], contentType: 'base64', isOptional: true },
  },
  outputs: {
    total: { datatype: 'INT64', shape: [1] },
    count: { datatype: 'INT32', shape: [1] },
  },
})

/** Has a contract, and inputs that go through every content type. */
export class Typed extends ContractModel(contract) {
  override predict({ numbers, label = [], when = [], bytes = [] }: InputValues<typeof contract>) {
    let total = 0n
    for (const value of numbers.data) total += BigInt(value)
    return { total: [total], count: [label.length + when.length + bytes.length] }
  }
}
