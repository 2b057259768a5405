import { once } from 'node:events'
import { createConnection } from 'node:net'
import { threadId } from 'node:worker_threads'
import { type InferenceRequest, Model } from '@millrace/sdk'

/** Says which worker it is in; one that is sent `wait` with a port does so when that hangs up. */
export class CopiedModel extends Model {
  override memoryBytes() {
    return Number(this.settings.extra['memory'])
  }

  override async predict({ parameters }: InferenceRequest) {
    const wait = parameters?.['wait']
    if (typeof wait === 'number') {
      const socket = createConnection(wait, '127.0.0.1').resume()
      await once(socket, 'close')
    }
    const worker = String(threadId === 0 ? process.pid : threadId)
    return { outputs: [{ name: 'said', datatype: 'BYTES', shape: [1], data: [worker] }] }
  }
}
