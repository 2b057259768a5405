import { fileURLToPath } from 'node:url'
import { ServerProcess } from '../process/server-process.ts'
import type { Contestant } from './contestant.ts'
import { millraceForm } from './millrace-form.ts'

/** Our server over a model repository, started by its command as a user would. */
export function millrace(
  name: string,
  repository: string,
  processOptions: {
    readonly environment?: Readonly<Record<string, string>>
    readonly cores?: 'one' | 'all'
  } = {},
): Contestant {
  return {
    name,
    obstacle: () => null,
    async start() {
      const server = new ServerProcess({
        command: [
          process.execPath,
          ...millraceForm().command,
          'serve',
          repository,
          '--http-port=0',
          '--grpc-port=0',
          '--metrics-port=0',
        ],
        ...processOptions,
      })
      const [restPort, grpcPort] = await server.printed(/^ *REST .*:(\d+)$\s*^ *gRPC .*:(\d+)$/m)
      const startToReadyMs = await server.answers(`http://127.0.0.1:${restPort}/v2/health/ready`)
      return {
        pid: server.pid,
        restPort: Number(restPort),
        grpcPort: Number(grpcPort),
        startToReadyMs,
        stop: () => server.stop(),
      }
    },
  }
}

export const millraceEcho = millrace('Millrace', fileURLToPath(new URL('../models/', import.meta.url)))
