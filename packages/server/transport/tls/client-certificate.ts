import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { ClientCertificate } from '../admission-check.ts'

/** Reading a certificate takes longer than all else that is done for a small request. */
const known = new WeakMap<Socket, ClientCertificate>()

/** The certificate that the client at the other end of `socket` has shown and the handshake has verified. */
export function clientCertificateOf(socket: Socket): ClientCertificate | undefined {
  const certificate = known.get(socket) ?? readCertificate(socket)
  if (certificate !== undefined) known.set(socket, certificate)
  return certificate
}

function readCertificate(socket: Socket): ClientCertificate | undefined {
  // Asked for by name: behind an HTTP/2 session lies a proxy, which knows of no members.
  const { authorized, getPeerX509Certificate } = socket as Partial<TLSSocket>
  // Only true where the server asks for certificates and checks them.
  if (authorized !== true) return undefined
  const certificate = getPeerX509Certificate?.call(socket)
  if (certificate === undefined) return undefined
  return {
    subject: certificate.subject.trim().replaceAll('\n', ','),
    fingerprint: certificate.fingerprint256,
  }
}
