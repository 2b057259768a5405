import { ServingError } from '@millrace/sdk'

/** Schemes of the places that models are downloaded from. */
export type RemoteScheme = 's3' | 'http' | 'https' | 'oci'

/** The scheme of a URI that is downloaded; undefined for paths and for schemes that are the model's own affair. */
export function remoteScheme(uri: string): RemoteScheme | undefined {
  const scheme = /^(s3|https?|oci):\/\//i.exec(uri)?.[1]?.toLowerCase()
  return scheme as RemoteScheme | undefined
}

/** A URI as logs and errors may show it: without password and query, which may hold a signature. */
export function shownUri(uri: string): string {
  return uri.replace(/[?#].*$/s, '').replace(/^([a-z][a-z\d+.-]*:\/\/)[^/@]*@/i, '$1')
}

/** True for names of archives that are unpacked: `.tar`, `.tar.gz`, `.tgz`. */
export function isArchiveName(name: string): boolean {
  return /\.(?:tar|tar\.gz|tgz)$/i.test(name)
}

/**
 * A path from outside as one that stays in its folder: without `.` and empty segments. The empty text is the
 * folder itself.
 * @throws ServingError FAILED_PRECONDITION beginning with `subject` for one that leads out
 */
export function pathInside(path: string, subject: string): string {
  const segments = path.split('/')
  if (path.startsWith('/') || segments.includes('..') || /[\0\\]/.test(path)) {
    throw new ServingError(
      'FAILED_PRECONDITION',
      `${subject}: ${JSON.stringify(path)} is refused; paths must be relative, without '..', backslashes and null characters`,
    )
  }
  return segments.filter(segment => segment !== '' && segment !== '.').join('/')
}
