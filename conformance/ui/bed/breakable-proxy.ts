import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** Stands between a browser and a server, and can cut every connection that runs through it. */
export interface BreakableProxy {
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  readonly cutAll: () => void
  /** From now on answers 502, as proxies do for a server that is away; or no longer. */
  readonly refuse: (isRefusing: boolean) => void
  readonly close: () => Promise<void>
}

export async function startProxy(target: string): Promise<BreakableProxy> {
  const { port, hostname } = new URL(target)
  const sockets = new Set<Socket>()
  let isRefusing = false
  const server = createServer(client => {
    if (isRefusing) {
      client.on('error', () => client.destroy())
      client.end('HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n')
      return
    }
    const onward = connect(Number(port), hostname)
    for (const socket of [client, onward]) {
      sockets.add(socket)
      socket.on('error', () => socket.destroy())
      socket.once('close', () => sockets.delete(socket))
    }
    client.pipe(onward).pipe(client)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cutAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cutAll,
    refuse: refusing => void (isRefusing = refusing),
    async close() {
      cutAll()
      server.close()
      await once(server, 'close')
    },
  }
}
