import { GatewayFailure } from './gateway-failure.ts'

/** @throws GatewayFailure NOT_FOUND, also for an application that is not ready: what is not in the table is not known */
export function noApplication(name: string, by: 'name' | 'id' = 'name'): never {
  throw new GatewayFailure('NotFound', 'NOT_FOUND', `Can't find application with the ${by} ${name}`)
}

/** @throws GatewayFailure NOT_FOUND */
export function noServable(name: string): never {
  throw new GatewayFailure('NotFound', 'NOT_FOUND', `Can't find a servable with name ${name}`)
}
