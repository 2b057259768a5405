import type * as grpc from '@grpc/grpc-js'
import { ServingError } from '../errors/index.ts'
import { toMetadataFields } from './grpc/index.ts'
import type { TlsOptions } from './inference-client.ts'

/** One or more connections to the same server, used in turn. */
export interface GrpcChannels {
  /** @throws ServingError INVALID_ARGUMENT for headers that gRPC cannot carry, and credentials that are none */
  readonly open: (
    headers: Readonly<Record<string, string>>,
  ) => Promise<{ readonly client: grpc.Client; readonly metadata: grpc.Metadata }>
  readonly close: () => Promise<void>
}

/** The library is loaded, and the connections are made, when the first is asked for. */
export function createGrpcChannels(
  target: string,
  tls: TlsOptions | undefined,
  count: number,
  maxResponseBytes: number,
): GrpcChannels {
  let loading: Promise<{ library: typeof grpc; clients: readonly grpc.Client[] }> | undefined
  let turn = 0
  const load = async () => {
    const library = await import('@grpc/grpc-js')
    const clients = Array.from(
      { length: count },
      () =>
        new library.Client(target, credentialsOf(library, tls), {
          'grpc.max_receive_message_length': maxResponseBytes,
          'grpc.max_send_message_length': -1,
          // As for all other calls.
          'grpc.enable_http_proxy': 0,
          // Otherwise all of them would share one connection.
          'grpc.use_local_subchannel_pool': count > 1 ? 1 : 0,
          // A server that comes back is to be found soon.
          'grpc.max_reconnect_backoff_ms': 5000,
        }),
    )
    return { library, clients }
  }
  return {
    async open(headers) {
      const { library, clients } = await (loading ??= load())
      const metadata = new library.Metadata()
      for (const [name, value] of Object.entries(toMetadataFields(headers))) {
        metadata.set(name, name.endsWith('-bin') ? Buffer.from(value, 'base64') : value)
      }
      turn = (turn + 1) % clients.length
      return { client: clients[turn]!, metadata }
    },
    async close() {
      const { clients } = (await loading?.catch(() => undefined)) ?? { clients: [] }
      for (const client of clients) client.close()
    },
  }
}

function credentialsOf(library: typeof grpc, tls: TlsOptions | undefined): grpc.ChannelCredentials {
  if (tls === undefined) return library.credentials.createInsecure()
  const { ca, cert, key, isVerified = true } = tls
  if ((cert === undefined) !== (key === undefined)) {
    throw invalid('tls has one of cert and key; a client that proves who it is needs both')
  }
  try {
    return library.credentials.createSsl(bufferOf(ca), bufferOf(key), bufferOf(cert), {
      rejectUnauthorized: isVerified,
    })
  } catch (error) {
    throw invalid(
      `tls options cannot be used: ${error instanceof Error ? error.message : String(error)}`,
      error,
    )
  }
}

function bufferOf(pem: string | Uint8Array | undefined): Buffer | null {
  return pem === undefined ? null : Buffer.from(pem as string)
}

function invalid(message: string, cause?: unknown): ServingError {
  return new ServingError('INVALID_ARGUMENT', message, { cause })
}
