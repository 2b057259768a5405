import type { ModelVersionRecord } from '../../store/index.ts'

/** The queue of builds. */
export interface Builds {
  /** @throws ServingError RESOURCE_EXHAUSTED when as many builds wait as may; to be called before a version is made */
  checkRoom(): void
  /** Takes a version that is `Assembling`; it is built when its turn comes. */
  add(version: ModelVersionRecord): void
  /** Cancels what runs and waits; their versions become `Failed`. Idempotent. */
  close(): Promise<void>
}
