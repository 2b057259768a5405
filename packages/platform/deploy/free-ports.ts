import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'

/** Ports of this machine for replicas. */
export interface FreePorts {
  /** A port of 127.0.0.1 that nobody listens on right now, and that no replica of this driver has. */
  readonly take: () => Promise<number>
  readonly giveBack: (port: number) => void
}

/** How often a port that is given out already is put back before that counts as a failure. */
const ATTEMPTS = 50

export function createFreePorts(find: () => Promise<number> = findFreePort): FreePorts {
  const taken = new Set<number>()
  return {
    async take() {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const port = await find()
        if (taken.has(port)) continue
        taken.add(port)
        return port
      }
      throw new Error(`no free port of 127.0.0.1 was found in ${ATTEMPTS} attempts`)
    },
    giveBack: port => void taken.delete(port),
  }
}

function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
