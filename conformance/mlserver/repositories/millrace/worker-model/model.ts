import { isMainThread, threadId } from 'node:worker_threads'
import { type InferenceRequest, Model } from '@millrace/sdk'

/** Tells which worker answers. With the parameter `die` it ends that worker at once. */
export class Worker extends Model {
  override predict({ parameters }: InferenceRequest) {
    // In the process that serves it would end the server, which is what no model should.
    if (parameters?.['die'] === true && !(isMainThread && process.send === undefined)) process.exit(9)
    const worker = `${process.pid}:${threadId}`
    return { outputs: [{ name: 'worker', datatype: 'BYTES' as const, shape: [1, 1], data: [worker] }] }
  }

  override async *predictStream(requests: AsyncIterable<InferenceRequest>) {
    for await (const request of requests) {
      yield this.predict(request)
      yield this.predict(request)
    }
  }
}
