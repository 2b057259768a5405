import { ContractModel, defineContract, type InputValues, type RequestContext } from '@millrace/sdk'

const contract = defineContract({
  inputs: { set: { datatype: 'BYTES', shape: [-1], contentType: 'str', isOptional: true } },
  outputs: { seen: { datatype: 'BYTES', shape: [-1], contentType: 'str' } },
})

/** Tells which `x-` headers it saw, sends them back, and sets those of `set`, each written `name: value`. */
export class Headers extends ContractModel(contract) {
  override predict({ set = [] }: InputValues<typeof contract>, context: RequestContext) {
    const seen = Object.entries(context.headers).filter(([name]) => name.startsWith('x-'))
    for (const [name, value] of seen) context.setHeader(name, value)
    for (const header of set) {
      const end = header.indexOf(': ')
      context.setHeader(header.slice(0, end), header.slice(end + 2))
    }
    return { seen: seen.map(([name, value]) => `${name}: ${value}`) }
  }
}
