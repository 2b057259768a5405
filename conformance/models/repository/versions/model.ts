import { Model, type ModelResponse } from '@millrace/sdk'

/** Tells which version of it answers. */
export class Versions extends Model {
  override predict(): ModelResponse {
    const { version = '' } = this.settings
    return { outputs: [{ name: 'version', datatype: 'BYTES', shape: [1], data: [version] }] }
  }
}
