import { createHash } from 'node:crypto'
import { type InferenceRequest, Model } from '@millrace/sdk'

/** The digest of a text; answers to the same text come from the cache. */
export class Digest extends Model {
  override predict({ inputs }: InferenceRequest) {
    const [text = new Uint8Array()] = Array.from(inputs[0]!.data as Iterable<Uint8Array>)
    const digest = createHash('sha256').update(text).digest('hex')
    return { outputs: [{ name: 'digest', datatype: 'BYTES', shape: [1], data: [digest] }] }
  }
}
