import type { ModelVersionRecord, Store } from '../store/index.ts'

/** Model versions by their ids; what monitoring needs of them never changes, so it is read once. */
export interface KnownVersions {
  /** Resolves with `undefined` for one that is not there. */
  get(id: number): Promise<ModelVersionRecord | undefined>
}

const KEPT_MAX = 1_000

export function createKnownVersions(store: Pick<Store, 'modelVersions'>): KnownVersions {
  const kept = new Map<number, ModelVersionRecord>()
  return {
    async get(id) {
      const known = kept.get(id)
      if (known !== undefined) return known
      const version = await store.modelVersions.get(id)
      if (version === undefined) return undefined
      const [oldest] = kept.keys()
      if (kept.size >= KEPT_MAX && oldest !== undefined) kept.delete(oldest)
      kept.set(id, version)
      return version
    },
  }
}
