import { ContractModel, defineContract, type InputValues, ServingError } from '@millrace/sdk'
import { CALL_EVENTS, watchedCall } from '../../watched-calls.ts'

const contract = defineContract({
  inputs: {
    key: { datatype: 'BYTES', shape: [1], contentType: 'str' },
    event: { datatype: 'BYTES', shape: [1], contentType: 'str' },
  },
  outputs: { said: { datatype: 'BYTES', shape: [1], contentType: 'str' } },
})

/** Answers when something has happened to another call: a test awaits it here, through the server. */
export class Observer extends ContractModel(contract) {
  override async predict({ key: [key = ''], event: [name] }: InputValues<typeof contract>) {
    const event = CALL_EVENTS.find(known => known === name)
    if (event === undefined) {
      throw new ServingError(
        'INVALID_ARGUMENT',
        `event '${name}' does not exist; there are ${CALL_EVENTS.join(', ')}`,
      )
    }
    return { said: [await watchedCall(key)[event].promise] }
  }
}
