import { ContractModel, defineContract, ERROR_CODES, type InputValues, ServingError } from '@millrace/sdk'

const contract = defineContract({
  inputs: { how: { datatype: 'BYTES', shape: [1], contentType: 'str' } },
  outputs: { how: { datatype: 'BYTES', shape: [1], contentType: 'str' } },
})

/** Fails in the way that its input asks for. */
export class Throws extends ContractModel(contract) {
  override predict({ how: [how = ''] }: InputValues<typeof contract>): never | Promise<never> {
    const code = ERROR_CODES.find(known => known === how)
    if (code !== undefined) throw new ServingError(code, `told to fail with ${code}`)
    switch (how) {
      case 'reject':
        return Promise.reject(new TypeError('secret of a rejection'))
      case 'text':
        // oxlint-disable-next-line typescript/only-throw-error -- JavaScript lets authors do this, so a server meets it.
        throw 'secret of a text'
      case 'nothing':
        // oxlint-disable-next-line typescript/only-throw-error -- As above.
        throw undefined
      case 'status':
        throw new ServingError('FAILED_PRECONDITION', 'a teapot does not predict', { httpStatus: 418 })
      default:
        throw new Error('secret of an error')
    }
  }
}
