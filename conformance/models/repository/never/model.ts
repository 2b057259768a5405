import { ContractModel, defineContract, type InputValues, type RequestContext } from '@millrace/sdk'
import { watch } from '../../watched-calls.ts'

const contract = defineContract({
  inputs: {
    key: { datatype: 'BYTES', shape: [1], contentType: 'str' },
    mode: { datatype: 'BYTES', shape: [1], contentType: 'str' },
  },
  outputs: { nothing: { datatype: 'BYTES', shape: [1], contentType: 'str' } },
})

/** Never answers. In the mode `obey` it gives up when its signal is aborted; else not even then. */
export class Never extends ContractModel(contract) {
  override async predict(
    { key: [key = ''], mode: [mode] }: InputValues<typeof contract>,
    { signal }: RequestContext,
  ): Promise<never> {
    const { aborted } = watch(key, signal)
    if (mode !== 'obey') return new Promise(() => {})
    await aborted.promise
    throw signal.reason
  }
}
