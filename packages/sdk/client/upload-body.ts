import { randomUUID } from 'node:crypto'

/** A multipart body that is made while it is sent. */
export interface UploadBody {
  readonly contentType: string
  readonly chunks: AsyncIterable<Uint8Array>
}

/**
 * The two parts of an upload: `metadata` as JSON without a file name, and `payload` with one.
 * @param onSent is told of each piece of the payload that was handed over, with the sum so far
 */
export function uploadBody(
  metadata: object,
  payload: AsyncIterable<Uint8Array>,
  onSent: (sentBytes: number) => void,
): UploadBody {
  const boundary = `millrace-${randomUUID()}`
  const head =
    `--${boundary}\r\ncontent-disposition: form-data; name="metadata"\r\ncontent-type: application/json\r\n\r\n` +
    `${JSON.stringify(metadata)}\r\n--${boundary}\r\n` +
    'content-disposition: form-data; name="payload"; filename="payload.tar.gz"\r\ncontent-type: application/gzip\r\n\r\n'
  async function* chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    yield Buffer.from(head)
    let sentBytes = 0
    for await (const chunk of payload) {
      yield chunk
      sentBytes += chunk.length
      onSent(sentBytes)
    }
    yield Buffer.from(`\r\n--${boundary}--\r\n`)
  }
  return { contentType: `multipart/form-data; boundary=${boundary}`, chunks: chunks() }
}
