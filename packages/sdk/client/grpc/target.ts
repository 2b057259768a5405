import { isIPv6 } from 'node:net'
import { ServingError } from '../../errors/index.ts'

/** Where gRPC's own clients look for a server that names no port. */
const DEFAULT_PORT = 443

/** A server as its clients write it, taken apart. */
export interface GrpcTarget {
  readonly text: string
  readonly address: { readonly host: string; readonly port: number } | { readonly path: string }
  /** What a certificate must be made out to. */
  readonly hostname: string
  /** What requests say they are for. */
  readonly authority: string
}

/**
 * Reads `HOST:PORT`, `[IPV6]:PORT`, `dns:HOST:PORT`, `ipv4:` and `ipv6:` with one address, and `unix:PATH`.
 * @throws ServingError INVALID_ARGUMENT for anything else
 */
export function parseGrpcTarget(text: string): GrpcTarget {
  const socket = /^unix:(?:\/\/(?=\/))?(.+)$/s.exec(text)?.[1]
  const name = /^unix-abstract:(.+)$/s.exec(text)?.[1]
  if (socket !== undefined || name !== undefined) {
    return { text, address: { path: socket ?? `\0${name}` }, hostname: 'localhost', authority: 'localhost' }
  }
  const authority = text.replace(/^(?:dns:(?:\/\/\/)?|ipv4:|ipv6:)/, '')
  const parts = /^(?:\[([^\]]+)\]|([^\s:/?#@,[\]]+))(?::(\d{1,5}))?$/.exec(authority)
  const host = isIPv6(authority) ? authority : (parts?.[1] ?? parts?.[2])
  const port = Number((isIPv6(authority) ? undefined : parts?.[3]) ?? DEFAULT_PORT)
  if (host === undefined || port > 0xffff || (parts?.[1] !== undefined && !isIPv6(parts[1]))) {
    throw new ServingError('INVALID_ARGUMENT', `target is '${text}'; expected HOST:PORT or unix:PATH`)
  }
  return {
    text,
    address: { host, port },
    hostname: host,
    authority: isIPv6(authority) ? `[${authority}]` : authority,
  }
}
