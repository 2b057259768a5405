import { fileURLToPath } from 'node:url'
import { ServerProcess } from '../process/server-process.ts'
import type { Contestant } from './contestant.ts'

/** A program of `peers/`: it prints `rest PORT` or `grpc PORT` when it listens. */
function peer(name: string, file: string): Contestant {
  const program = fileURLToPath(new URL(`../peers/${file}`, import.meta.url))
  return {
    name,
    obstacle: () => null,
    async start() {
      const server = new ServerProcess({
        command: [process.execPath, '--conditions=millrace-source', program],
      })
      const [protocol, port] = await server.printed(/^(rest|grpc) (\d+)$/m)
      return {
        pid: server.pid,
        restPort: protocol === 'rest' ? Number(port) : 0,
        grpcPort: protocol === 'grpc' ? Number(port) : 0,
        startToReadyMs: performance.now() - server.startedMs,
        stop: () => server.stop(),
      }
    },
  }
}

export const bareHttp = peer('bare node:http', 'bare-http.ts')
export const grpcHandCodec = peer('@grpc/grpc-js, hand codec', 'grpc-hand-codec.ts')
export const grpcProtoLoader = peer('@grpc/grpc-js, proto-loader', 'grpc-proto-loader.ts')
