import type { LoadedCopies } from '../workers/index.ts'

/** Copies that are only figures; a test asks them. */
export class FakeCopies implements LoadedCopies {
  readonly most: number
  count = 1
  requestCount = 0
  inFlightCount = 0
  /** What the next load of a copy waits for. */
  adding: Promise<void> = Promise.resolve()
  /** What the next unload of a copy waits for. */
  dropping: Promise<void> = Promise.resolve()

  constructor(most: number) {
    this.most = most
  }

  get canAdd(): boolean {
    return this.count < this.most
  }

  async add(signal: AbortSignal): Promise<void> {
    const ended = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error))
    })
    await Promise.race([this.adding, ended])
    this.count++
  }

  async drop(): Promise<void> {
    const { dropping } = this
    this.dropping = Promise.resolve()
    this.count--
    await dropping
  }
}
