import { dirname, isAbsolute } from 'node:path'

/** Where a server of a pod is reached: a port of it, or a socket in a folder that its containers share. */
export type Endpoint =
  | { readonly kind: 'port'; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string; readonly folder: string }

/** How endpoints are written, as the end of a sentence. */
export const ENDPOINT_RULE = 'it must be port:N with N from 1 to 65535, or unix: and an absolute path'

/** Reads `port:8001` and `unix:/folder/socket`; `undefined` for anything else. */
export function readEndpoint(text: unknown): Endpoint | undefined {
  if (typeof text !== 'string') return undefined
  const digits = /^port:(\d{1,5})$/.exec(text)?.[1]
  if (digits !== undefined) {
    const port = Number(digits)
    return port >= 1 && port <= 65_535 ? { kind: 'port', port } : undefined
  }
  if (!text.startsWith('unix:')) return undefined
  // Both unix:/a and unix:///a are in use.
  const path = text.slice('unix:'.length).replace(/^\/\/(?=\/)/, '')
  return isAbsolute(path) && !path.endsWith('/') ? { kind: 'unix', path, folder: dirname(path) } : undefined
}
