import { describeValue, ServingError } from '@millrace/sdk'

/** Reads what lies elsewhere: `s3://bucket/key`. Rejects NOT_FOUND and the like as a `ServingError`. */
export type FetchObject = (uri: string, signal: AbortSignal) => AsyncIterable<Uint8Array>

const LENGTH_MAX = 2048

/**
 * Takes the body of a request that names training data.
 * @throws ServingError INVALID_ARGUMENT for anything but `{"path": "s3://bucket/key"}`
 */
export function readObjectAddress(body: unknown): string {
  const path = typeof body === 'object' && body !== null && 'path' in body ? body.path : undefined
  if (typeof path === 'string' && path.length <= LENGTH_MAX && /^s3:\/\/[^/\s]+\/[^\0]*[^/\0]$/.test(path))
    return path
  throw new ServingError(
    'INVALID_ARGUMENT',
    `path is ${describeValue(path)}; expected {"path": "s3://BUCKET/KEY"} of at most ${LENGTH_MAX} characters`,
  )
}
