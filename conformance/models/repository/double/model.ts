import { ContractModel, defineContract, type InputValues } from '@millrace/sdk'

const contract = defineContract({
  inputs: { x: { datatype: 'FP32', shape: [-1, 2] } },
  outputs: { y: { datatype: 'FP32', shape: [-1, 2] } },
})

/** Doubles its only input, whose shape has one free dimension: what a raw binary request needs. */
export class Double extends ContractModel(contract) {
  override predict({ x }: InputValues<typeof contract>) {
    return { y: x.data.map(value => value * 2) }
  }
}
