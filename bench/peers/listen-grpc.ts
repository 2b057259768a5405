import { promisify } from 'node:util'
import { type handleUnaryCall, type MethodDefinition, Server, ServerCredentials } from '@grpc/grpc-js'

/** Serves `ModelInfer` with `@grpc/grpc-js` on a free port, and prints the port. */
export async function listenGrpc<Request, Response>(
  method: MethodDefinition<Request, Response>,
  handler: handleUnaryCall<Request, Response>,
): Promise<void> {
  const server = new Server({ 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 })
  server.addService({ ModelInfer: method }, { ModelInfer: handler })
  const bind = promisify(server.bindAsync.bind(server))
  console.log(`grpc ${await bind('127.0.0.1:0', ServerCredentials.createInsecure())}`)
}
