import { isDeepStrictEqual } from 'node:util'
import { type Logger, type Model, ServingError } from '@millrace/sdk'
import type { ModelSignature } from '../store/index.ts'
import { isAnswered, signatureOf } from './hosted-model.ts'
import type { Routing } from './routing.ts'

/** Where models are served under their names; the server's registry is one. */
export interface ModelHost {
  /** Serves a model, in place of what had its name, without a gap. */
  host(model: Model): Promise<void>
  unload(name: string): Promise<void>
}

interface HostedName {
  readonly model: Model
  readonly signature: ModelSignature
}

/**
 * Keeps a host in step with the routing table: a model for every application and servable. While a name stays with its
 * signature, its model stays; with another signature it is replaced. What the host fails at is logged, and tried again
 * with the next change.
 * @returns ends it and waits for what is under way; the models stay where they are
 */
export function followTable(
  routing: Routing,
  host: ModelHost,
  createModel: (name: string) => Model,
  log: Logger,
): () => Promise<void> {
  const hosted = new Map<string, HostedName>()
  const stopping = new AbortController()
  let isChanged = false
  let working: Promise<void> | undefined

  const attempt = async (task: string, name: string, work: () => Promise<void>) => {
    try {
      await work()
    } catch (error) {
      log.error(`a name of the routing table could not be ${task}`, { name, error })
    }
  }
  const take = (name: string, signature: ModelSignature) =>
    attempt('served', name, async () => {
      const model = createModel(name)
      await host.host(model)
      hosted.set(name, { model, signature })
    })
  const drop = (name: string) =>
    attempt('removed', name, async () => {
      try {
        await host.unload(name)
      } catch (error) {
        // Somebody else has removed it.
        if (!ServingError.is(error) || error.code !== 'NOT_FOUND') throw error
      }
      hosted.delete(name)
    })
  const step = async () => {
    const wanted = new Set([...routing.servables.keys(), ...routing.applications.keys()])
    const work: Promise<void>[] = []
    for (const name of wanted) {
      const signature = signatureOf(name, routing)!
      const present = hosted.get(name)
      if (present === undefined || !isDeepStrictEqual(present.signature, signature)) {
        work.push(take(name, signature))
        continue
      }
      const isReady = isAnswered(name, routing)
      if (present.model.isReady !== isReady) present.model.isReady = isReady
    }
    for (const name of hosted.keys()) if (!wanted.has(name)) work.push(drop(name))
    await Promise.all(work)
  }
  const run = async () => {
    while (isChanged && !stopping.signal.aborted) {
      isChanged = false
      await step()
    }
    working = undefined
  }
  const changed = () => {
    isChanged = true
    working ??= run()
  }

  const stop = routing.onChange(changed)
  changed()
  return async () => {
    stopping.abort()
    stop()
    await working
  }
}
