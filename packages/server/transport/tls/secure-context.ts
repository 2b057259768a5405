import type { Server, TlsOptions } from 'node:tls'
import type { TlsCredentials, TlsListenerOptions } from './tls-types.ts'

/** The oldest version that has no known weakness. */
const MIN_VERSION = 'TLSv1.2'

/** What node's servers are told: clients that are asked for a certificate must have a valid one. */
export function toTlsOptions(tls: TlsListenerOptions, handshakeTimeoutMs: number): TlsOptions {
  return {
    ...toContextOptions(tls),
    handshakeTimeout: handshakeTimeoutMs,
    ...(tls.clientCa === undefined ? {} : { requestCert: true, rejectUnauthorized: true }),
  }
}

/** Keeps `server` to the credentials that are current; returns the function that ends it. */
export function followCredentials(server: Server, tls: TlsListenerOptions): () => void {
  const stop = tls.onRenewed?.(credentials => server.setSecureContext(toContextOptions(credentials)))
  return stop ?? (() => {})
}

function toContextOptions({ certificate, key, clientCa, minVersion = MIN_VERSION }: TlsCredentials) {
  return { cert: certificate, key, minVersion, ...(clientCa === undefined ? {} : { ca: clientCa }) }
}
