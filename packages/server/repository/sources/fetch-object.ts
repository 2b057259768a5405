import { ServingError } from '@millrace/sdk'
import { createS3Source } from './s3-source.ts'

/** Reads one object: `s3://bucket/key`. */
export type FetchObject = (uri: string, signal: AbortSignal) => AsyncIterable<Uint8Array>

/**
 * Reads what is no model, as models are read. Reading rejects UNAVAILABLE for what may work the next time, and
 * FAILED_PRECONDITION for what will not: an address of no object, or of several.
 *
 * @param variables those of AWS: region, credentials, endpoint
 */
export function createObjectFetcher(variables: Readonly<Record<string, string | undefined>>): FetchObject {
  const source = createS3Source(variables)
  return async function* fetchObject(uri, signal) {
    const { files } = await source.list(uri, signal)
    const [file] = files
    const name = uri.slice(uri.lastIndexOf('/') + 1)
    if (file === undefined || files.length > 1 || file.path !== name) {
      throw new ServingError('FAILED_PRECONDITION', `${uri} is no object; other objects lie below it`)
    }
    const { chunks } = await file.open(0, signal)
    yield* chunks
  }
}
