import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'

/** Ports that nobody uses at the moment, for servers that cannot choose their own. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const listeners = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(listeners.map(listener => once(listener, 'listening')))
  const ports = listeners.map(listener => (listener.address() as AddressInfo).port)
  await Promise.all(listeners.map(listener => once(listener.close(), 'close')))
  return ports
}
