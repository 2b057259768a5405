import { Server, ServerCredentials } from '@grpc/grpc-js'

/** What OTLP exporters speak to; the messages are kept as the bytes they are. */
const EXPORT_PATH = '/opentelemetry.proto.collector.trace.v1.TraceService/Export'

/** Listens for traces over gRPC. */
export interface TraceCollector {
  /** URL. */
  readonly address: string
  /** All messages so far as one text: names of spans and attributes stand in there as they are. */
  text(): string
  close(): void
}

export async function openTraceCollector(): Promise<TraceCollector> {
  const messages: Buffer[] = []
  const server = new Server()
  const definition = {
    path: EXPORT_PATH,
    requestStream: false,
    responseStream: false,
    requestSerialize: (message: Buffer) => message,
    requestDeserialize: (message: Buffer) => message,
    responseSerialize: (message: Buffer) => message,
    responseDeserialize: (message: Buffer) => message,
  } as const
  server.addService(
    { Export: definition },
    {
      Export(call: { request: Buffer }, reply: (error: null, message: Buffer) => void) {
        messages.push(call.request)
        reply(null, Buffer.alloc(0))
      },
    },
  )
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
    if (error === null) resolve(port)
    else reject(error)
  })
  const port = await promise
  return {
    address: `http://127.0.0.1:${port}`,
    text: () => Buffer.concat(messages).toString('latin1'),
    close: () => server.forceShutdown(),
  }
}
