import { AsyncLocalStorage } from 'node:async_hooks'
import { env, LogLevel } from '@huggingface/transformers'
import { ServingError } from '@millrace/sdk'

/** Set while something that may ask the model hub is loading, to what ends the load. */
const remote = new AsyncLocalStorage<AbortSignal>()

// What the library prints goes past the server's log, and in part holds what clients have sent: whoever sends requests
// that fail could fill the disk with it. Every error reaches us as an exception.
env.logLevel = LogLevel.NONE
env.allowRemoteModels = false
// Nothing local is copied into a cache; a hub's files are, in a folder that the settings name.
env.useFSCache = false
env.fetch = async (url: string | URL | Request, init?: RequestInit) => {
  const signal = remote.getStore()
  if (signal !== undefined) return fetch(url, { ...init, signal })
  throw new ServingError('PERMISSION_DENIED', `${addressOf(url)} is not asked: files are local only`)
}

/**
 * Runs a load that may ask the model hub. Outside of it every request to the network is refused, whatever a model's
 * files say.
 */
export async function withRemote<T>(signal: AbortSignal, load: () => Promise<T>): Promise<T> {
  // They stay on: other loads say of each file that it is local, and `fetch` above has the last word.
  env.allowRemoteModels = true
  env.useFSCache = true
  return remote.run(signal, load)
}

function addressOf(url: string | URL | Request): string {
  return typeof url === 'string' ? url : 'url' in url ? url.url : url.href
}
