import type { Socket } from 'node:net'
import type { Server } from 'node:tls'

/**
 * The sockets of a TLS server that have not finished their handshake. Node counts them among the open
 * connections and lets nobody close them, so that a server could not stop before the last has timed out.
 */
export class Handshakes {
  /** By both ends' addresses: node does not say which socket a secure one lies over. */
  readonly #sockets = new Map<string, Socket>()

  constructor(server: Server) {
    server.on('connection', (socket: Socket) => {
      const ends = endsOf(socket)
      this.#sockets.set(ends, socket)
      socket.once('close', () => {
        if (this.#sockets.get(ends) === socket) this.#sockets.delete(ends)
      })
    })
    server.on('secureConnection', socket => this.#sockets.delete(endsOf(socket)))
  }

  /** Closes them all: nothing has been asked on them yet. */
  abort(): void {
    for (const socket of this.#sockets.values()) socket.destroy()
  }
}

function endsOf({ localAddress, localPort, remoteAddress, remotePort }: Socket): string {
  return `${localAddress} ${localPort} ${remoteAddress} ${remotePort}`
}
