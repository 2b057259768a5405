import { modelCode, testCall } from './pool-bed.ts'

/** Answers, stops its worker, or keeps it busy, as it is told. */
export const UNSTABLE = modelCode(
  `
  async predict(request, { log, signal }) {
    const text = textOf(request)
    if (text === 'exit') process.exit(3)
    if (text === 'kill') process.kill(process.pid, 'SIGKILL')
    if (text === 'throw') setImmediate(() => { throw new Error('out of nowhere') })
    if (text === 'block') { log.info('blocked'); while (true); }
    if (text === 'wait' || text === 'throw') { log.info('waiting'); await new Promise(resolve => signal.addEventListener('abort', resolve)) }
    return say(self)
  }
  async *predictStream(requests) { for await (const request of requests) yield await this.predict(request, {}) }`,
  `import { threadId } from 'node:worker_threads'\nconst self = threadId || process.pid`,
)

/** Is inside native code for as long as nobody writes to the pipe whose path it is sent. */
export const HELD = modelCode(
  `
  async predict(request, { log }) {
    log.info('held')
    // Its line is on the way before the thread stands.
    await new Promise(resolve => setImmediate(resolve))
    openSync(textOf(request), 'r')
    return say('free')
  }
  // Else one that is asked for before the thread stands would end it in order.
  unload() { return new Promise(() => {}) }`,
  `import { openSync } from 'node:fs'`,
)

/** A call whose model has begun once `begun` resolves. */
export function watchedCall(given: { signal?: AbortSignal; deadlineMs?: number } = {}) {
  const { promise: begun, resolve } = Promise.withResolvers<void>()
  const log = { debug() {}, info: () => resolve(), warn() {}, error() {} }
  return { begun, call: testCall({ ...given, log }) }
}
