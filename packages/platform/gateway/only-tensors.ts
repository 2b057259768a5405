import type { Tensor } from '@millrace/sdk'
import type { HydrosphereValue } from '@millrace/sdk/protocol'
import { GatewayFailure } from './gateway-failure.ts'

/**
 * The refusal of a field with fields in it where there are tensors alone.
 * @param field such as "input 'customer'"
 * @param where what cannot hold it, as a sentence's end
 */
export function nestedRefusal(field: string, where: string): GatewayFailure {
  const message = `${field} has nested fields (DT_MAP), which ${where}`
  return new GatewayFailure('NotImplemented', 'UNIMPLEMENTED', message)
}

/** @throws GatewayFailure UNIMPLEMENTED for a group */
export function onlyTensors(values: readonly HydrosphereValue[], where: string): readonly Tensor[] {
  for (const { datatype, name } of values) {
    if (datatype === undefined) throw nestedRefusal(`output '${name}'`, where)
  }
  return values as readonly Tensor[]
}
