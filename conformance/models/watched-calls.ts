/** What can happen to a call: its model began, its signal was aborted, its generator was closed. */
export const CALL_EVENTS = ['entered', 'aborted', 'closed'] as const

export type CallEvent = (typeof CALL_EVENTS)[number]

/** Each event with what there is to say of it. */
export type WatchedCall = Readonly<Record<CallEvent, PromiseWithResolvers<string>>>

// One map for all models, so they run in one process: their settings say placement server.
const calls = new Map<string, WatchedCall>()

/** The call under a key of a test's choosing, whoever asks first: the call itself or who waits for it. */
export function watchedCall(key: string): WatchedCall {
  let call = calls.get(key)
  if (call === undefined) {
    call = {
      entered: Promise.withResolvers(),
      aborted: Promise.withResolvers(),
      closed: Promise.withResolvers(),
    }
    calls.set(key, call)
  }
  return call
}

/** Settles `aborted` with the reason's code, and `entered` at once. */
export function watch(key: string, signal: AbortSignal): WatchedCall {
  const call = watchedCall(key)
  const onAbort = () => call.aborted.resolve(codeOf(signal.reason))
  if (signal.aborted) onAbort()
  else signal.addEventListener('abort', onAbort, { once: true })
  call.entered.resolve('')
  return call
}

function codeOf(reason: unknown): string {
  const isCoded = typeof reason === 'object' && reason !== null && 'code' in reason
  return isCoded ? String(reason.code) : String(reason)
}
