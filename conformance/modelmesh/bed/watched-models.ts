import { fileURLToPath } from 'node:url'

/** What models in this process do, and what they wait for. */
export interface Watched {
  /** Models whose `load` has begun and that are not gone. */
  readonly alive: Map<string, number>
  /** Loads that wait for this do so until it resolves. */
  readonly gates: Map<string, PromiseWithResolvers<void>>
  /** Resolves with the first load of the name that reaches its gate. */
  readonly waiting: Map<string, PromiseWithResolvers<void>>
}

const KEY = Symbol.for('millrace.conformance.watched-models')

/** Models are imported apart from the tests, and meet them here. */
export const watched: Watched = (() => {
  const found: unknown = Reflect.get(globalThis, KEY)
  if (found !== undefined) return found as Watched
  const made: Watched = { alive: new Map(), gates: new Map(), waiting: new Map() }
  Reflect.set(globalThis, KEY, made)
  return made
})()

/** Its `gate` of the settings' `extra` holds up `load`, its `hold` requests; `memory` is what it says to take. */
export const WATCHED_MODEL = `${fileURLToPath(new URL('../models/watched-model.ts', import.meta.url))}:WatchedModel`

export function gate(name: string): PromiseWithResolvers<void> {
  return taken(watched.gates, name)
}

export function reached(name: string): Promise<void> {
  return taken(watched.waiting, name).promise
}

export function taken(
  map: Map<string, PromiseWithResolvers<void>>,
  name: string,
): PromiseWithResolvers<void> {
  const found = map.get(name) ?? Promise.withResolvers<void>()
  map.set(name, found)
  return found
}

/** How many models live under names that begin so. */
export function aliveOf(prefix: string): number {
  let count = 0
  for (const [name, living] of watched.alive) if (name.startsWith(prefix)) count += living
  return count
}
