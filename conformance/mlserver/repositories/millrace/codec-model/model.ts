import { ContractModel, defineContract, type InputValues } from '@millrace/sdk'

const contract = defineContract({
  inputs: {
    blob: { datatype: 'BYTES', shape: [-1], contentType: 'base64' },
    when: { datatype: 'BYTES', shape: [-1], contentType: 'datetime' },
  },
  outputs: {
    sizes: { datatype: 'FP64', shape: [-1] },
    seconds: { datatype: 'FP64', shape: [-1] },
    blob: { datatype: 'BYTES', shape: [-1], contentType: 'base64' },
  },
})

/** Bytes and moments, decoded by their content types: how many bytes, which second since the epoch; and the bytes back. */
export class Codec extends ContractModel(contract) {
  override predict({ blob, when }: InputValues<typeof contract>) {
    return {
      sizes: blob.map(bytes => bytes.length),
      seconds: when.map(moment => moment.getTime() / 1000),
      blob,
    }
  }
}
