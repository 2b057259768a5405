import { ServingError } from '../errors/index.ts'

/**
 * Reads a body to its end.
 * @param expectedBytes what `Content-Length` says; NaN if nothing
 * @throws ServingError RESOURCE_EXHAUSTED beyond `maxBytes`, before more than that is in memory
 */
export async function readBody(
  body: AsyncIterable<Uint8Array> | null,
  expectedBytes: number,
  maxBytes: number,
): Promise<Uint8Array> {
  if (expectedBytes > maxBytes) throw tooLarge(maxBytes)
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  for await (const chunk of body ?? []) {
    sizeBytes += chunk.length
    if (sizeBytes > maxBytes) throw tooLarge(maxBytes)
    chunks.push(chunk)
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, sizeBytes)
}

export function tooLarge(maxBytes: number): ServingError {
  return new ServingError(
    'RESOURCE_EXHAUSTED',
    `the answer has more than ${maxBytes} bytes, which is the client's limit (maxResponseBytes)`,
  )
}
