import { ServingError } from '@millrace/sdk'
import { createGrpcClient, createRestClient, type InferenceClient } from '@millrace/sdk/client'
import { CommandFailure } from './command-failure.ts'
import { EXIT } from './exit-codes.ts'

/** How a command speaks to a server. */
export type ClientProtocol = 'rest' | 'rest-binary' | 'grpc'

export interface ClientSettings {
  readonly protocol: ClientProtocol
  /** `HOST:PORT`, or a URL whose scheme says whether it is TLS. */
  readonly address: string
  readonly hasTls: boolean
  readonly isVerified: boolean
  readonly headers: Readonly<Record<string, string>>
  readonly timeoutMs: number
  readonly maxConnections: number
}

/** @throws CommandFailure for an address or settings that no client can be made of */
export function openClient(settings: ClientSettings): InferenceClient {
  const { protocol, address, headers, timeoutMs, maxConnections, isVerified } = settings
  const isHttps = settings.hasTls || address.startsWith('https://')
  const place = address.replace(/^https?:\/\//, '')
  const tls = isHttps ? { tls: { isVerified } } : {}
  const shared = { headers, timeoutMs, maxConnections, ...tls }
  try {
    if (protocol === 'grpc') return createGrpcClient({ target: place, ...shared })
    const url = `${isHttps ? 'https' : 'http'}://${place}`
    return createRestClient({ url, isBinary: protocol === 'rest-binary', ...shared })
  } catch (error) {
    if (!ServingError.is(error)) throw error
    throw new CommandFailure(`address '${address}': ${error.message}`, EXIT.usage, error)
  }
}
