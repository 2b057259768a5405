import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer, type Socket } from 'node:net'

/** Where a `CustomModel` waits: it connects when it is at the gate, and goes on when it is let through. */
export interface Gate {
  readonly port: number
  /** The next one that comes. */
  readonly arrival: () => Promise<Waiting>
  readonly close: () => void
}

export interface Waiting {
  readonly letThrough: () => void
  /** Resolves when it has given up, or was let through. */
  readonly gone: Promise<void>
}

export async function openGate(): Promise<Gate> {
  const server = createServer()
  const sockets = new Set<Socket>()
  const arrived: Waiting[] = []
  const wanted: ((waiting: Waiting) => void)[] = []
  server.on('connection', socket => {
    sockets.add(socket)
    const gone = new Promise<void>(resolve => {
      socket.once('close', () => {
        sockets.delete(socket)
        resolve()
      })
    })
    // One that gives up may do so by a reset.
    socket.on('error', () => undefined).resume()
    const waiting: Waiting = { letThrough: () => void socket.end(), gone }
    const next = wanted.shift()
    if (next === undefined) arrived.push(waiting)
    else next(waiting)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async arrival() {
      return arrived.shift() ?? new Promise(resolve => void wanted.push(resolve))
    },
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
