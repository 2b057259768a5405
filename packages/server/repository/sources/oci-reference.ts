import { ServingError } from '@millrace/sdk'

export interface OciReference {
  /** `http:` for this machine, where registries have no certificate, `https:` for all others. */
  readonly origin: string
  /** As the configuration of Docker names it. */
  readonly registry: string
  readonly repository: string
  /** A tag, or a digest `sha256:…`. */
  readonly reference: string
  readonly isDigest: boolean
}

const REPOSITORY = /^[a-z\d]+(?:(?:\.|_|__|-+)[a-z\d]+)*(?:\/[a-z\d]+(?:(?:\.|_|__|-+)[a-z\d]+)*)*$/
const TAG = /^\w[\w.-]{0,127}$/
const DIGEST = /^sha256:[\da-f]{64}$/

/**
 * Reads `oci://registry/repository:tag` or `oci://registry/repository@sha256:…`; without either the tag is `latest`.
 * @throws ServingError INVALID_ARGUMENT saying what forms there are
 */
export function parseOciReference(uri: string): OciReference {
  const [, registry, rest = ''] = /^oci:\/\/([^/@?#]+)\/([^?#]+)$/i.exec(uri) ?? []
  const [, repository = '', tag = 'latest', digest] = /^([^:@]+)(?::([^@]*))?(?:@(.*))?$/.exec(rest) ?? []
  const isDigest = digest !== undefined
  if (
    registry === undefined ||
    !REPOSITORY.test(repository) ||
    !(isDigest ? DIGEST.test(digest) : TAG.test(tag))
  ) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `${JSON.stringify(uri)} cannot be read; write oci://registry/repository:tag or oci://registry/repository@sha256:<64 hexadecimal digits>`,
    )
  }
  const isLoopback = /^(?:localhost|127(?:\.\d+){3}|\[::1\])(?::\d+)?$/.test(registry)
  return {
    origin: `${isLoopback ? 'http' : 'https'}://${registry}`,
    registry,
    repository,
    reference: isDigest ? digest : tag,
    isDigest,
  }
}
