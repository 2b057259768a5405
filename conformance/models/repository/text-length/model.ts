import { ContractModel, defineContract, type InputValues } from '@millrace/sdk'

const contract = defineContract({
  inputs: { text: { datatype: 'BYTES', shape: [-1] } },
  outputs: { length: { datatype: 'INT32', shape: [-1] } },
})

/** The length in bytes of each element of its only input. */
export class TextLength extends ContractModel(contract) {
  override predict({ text }: InputValues<typeof contract>) {
    return { length: Array.from(text.data, element => element.length) }
  }
}
