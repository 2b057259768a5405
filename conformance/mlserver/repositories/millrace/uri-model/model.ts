import { Model } from '@millrace/sdk'

/** Tells where its artefact is. */
export class Uri extends Model {
  override predict() {
    const { uri } = this.settings
    return { outputs: [{ name: 'uri', datatype: 'BYTES' as const, shape: [1, 1], data: [uri] }] }
  }
}
