import { ServingError } from '@millrace/sdk'
import { fetchFollowing, readBody, refusalOf } from './http-fetch.ts'
import type { OciReference } from './oci-reference.ts'

/** Answers of one repository of a registry, signed in as far as the registry asks for it. */
export interface RegistryClient {
  /**
   * A successful answer for a path below the repository (`manifests/…`, `blobs/…`).
   * @throws ServingError FAILED_PRECONDITION or UNAVAILABLE for any other
   */
  get(path: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Response>
}

/** What a token service may answer with. */
const TOKEN_BYTES_MAX = 1024 * 1024

/** @param credentials the content of a `Basic` header for this registry, asked for once the registry wants some */
export function createRegistryClient(
  uri: string,
  { origin, registry, repository }: OciReference,
  credentials: () => Promise<string | undefined>,
): RegistryClient {
  let authorization: string | undefined

  const send = (path: string, headers: Readonly<Record<string, string>>, signal: AbortSignal) =>
    fetchFollowing(new URL(`${origin}/v2/${repository}/${path}`), {
      headers: authorization === undefined ? headers : { ...headers, authorization },
      signal,
    })

  const signIn = async (challenge: string, signal: AbortSignal): Promise<string> => {
    const basic = await credentials()
    const [, scheme = '', rest = ''] = /^\s*([A-Za-z]+)\s*(.*)$/s.exec(challenge) ?? []
    if (scheme.toLowerCase() === 'basic') {
      if (basic !== undefined) return `Basic ${basic}`
      throw refused(`${registry} asks for credentials; sign in with: docker login ${registry}`)
    }
    if (scheme.toLowerCase() !== 'bearer')
      throw refused(`${registry} asks for '${scheme}', which is not spoken here`)
    return `Bearer ${await tokenOf(challengeParameters(rest), basic, signal)}`
  }

  const tokenOf = async (
    parameters: ReadonlyMap<string, string>,
    basic: string | undefined,
    signal: AbortSignal,
  ): Promise<string> => {
    const realm = URL.parse(parameters.get('realm') ?? '')
    if (realm === null) throw refused(`${registry} does not say where tokens come from`)
    // Credentials and tokens must not go over the wire in the clear because a registry says so.
    if (realm.protocol !== new URL(origin).protocol && realm.protocol !== 'https:') {
      throw refused(`${registry} sends for tokens to ${realm.origin}, which is not asked`)
    }
    const service = parameters.get('service')
    if (service !== undefined) realm.searchParams.set('service', service)
    realm.searchParams.set('scope', parameters.get('scope') ?? `repository:${repository}:pull`)
    const headers: Record<string, string> = basic === undefined ? {} : { authorization: `Basic ${basic}` }
    const response = await fetchFollowing(realm, { headers, signal })
    if (!response.ok) {
      await response.body?.cancel()
      throw refusalOf(response, realm.href)
    }
    const token = readToken(await readBody(response, realm.href, TOKEN_BYTES_MAX))
    if (token === undefined) throw refused(`${realm.origin} answers without a token`)
    return token
  }

  return {
    async get(path, headers, signal) {
      let response = await send(path, headers, signal)
      if (response.status === 401) {
        // A token that has run out looks the same as one that was never there.
        await response.body?.cancel()
        authorization = undefined
        authorization = await signIn(response.headers.get('www-authenticate') ?? '', signal)
        response = await send(path, headers, signal)
      }
      if (response.ok) return response
      await response.body?.cancel()
      throw refusalOf(response, response.status === 404 ? uri : `${origin}/v2/${repository}/${path}`)
    },
  }
}

/** `realm="https://…",service="…"` as RFC 7235 writes it. */
function challengeParameters(text: string): ReadonlyMap<string, string> {
  const parameters = text.matchAll(/([a-z_]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/gi)
  return new Map(
    Array.from(parameters, ([, name = '', quoted, bare = '']) => [
      name.toLowerCase(),
      quoted?.replaceAll(/\\(.)/g, '$1') ?? bare,
    ]),
  )
}

function readToken(body: Buffer): string | undefined {
  try {
    const { token, access_token: accessToken } = JSON.parse(body.toString()) as Record<string, unknown>
    const found = token ?? accessToken
    return typeof found === 'string' && found !== '' ? found : undefined
  } catch {
    return undefined
  }
}

function refused(message: string): ServingError {
  return new ServingError('FAILED_PRECONDITION', message)
}
