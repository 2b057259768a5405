import type { NewRuntime, RuntimeRecord } from '../../store/index.ts'

/** Registers runtimes, as version 1 of the interface does it: at once, and made ready behind the answer. */
export interface RuntimeRegistrations {
  /** Rejects ALREADY_EXISTS for a name and version that are there, INVALID_ARGUMENT for parameters that are wrong. */
  register(runtime: NewRuntime): Promise<RuntimeRecord>
  /** Waits for those that are under way. */
  close(): Promise<void>
}
