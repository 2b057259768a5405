import { resolve } from 'node:path'
import { ServingError } from '@millrace/sdk'

/**
 * A model's `uri` as an absolute path, or unchanged if its scheme is another than `file`. Paths are
 * taken as they are written: MLServer decodes no percent signs in them, even behind `file:`.
 * @throws ServingError INVALID_ARGUMENT for a file on another host
 */
export function resolveArtefactUri(uri: string, folder: string): string {
  const file = /^file:(?:\/\/([^/]*))?(.*)$/is.exec(uri)
  if (file === null) return hasScheme(uri) ? uri : resolve(folder, uri)
  const [, host = '', path = ''] = file
  if (host !== '' && host !== 'localhost') {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `uri ${JSON.stringify(uri)} names a file of the host '${host}'; write file:///path for a file of this machine`,
    )
  }
  return resolve(folder, path)
}

/** True for `s3://bucket/key` and the like. */
function hasScheme(uri: string): boolean {
  // Two letters at least: `c:` is a drive.
  return /^[a-z][a-z\d+.-]+:/i.test(uri)
}
