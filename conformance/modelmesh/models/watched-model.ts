import { Model } from '@millrace/sdk'
import { taken, watched } from '../bed/watched-models.ts'

/** Loads when its gate opens, and says whether it lives. */
export class WatchedModel extends Model {
  override async load({ signal }: { readonly signal: AbortSignal }) {
    const { name, extra } = this.settings
    this.#count(1)
    try {
      if (typeof extra['gate'] === 'string') {
        taken(watched.waiting, extra['gate']).resolve()
        const { promise: aborted, reject } = Promise.withResolvers<never>()
        const abort = () => reject(signal.reason)
        if (extra['stubborn'] !== true) signal.addEventListener('abort', abort)
        await Promise.race([taken(watched.gates, extra['gate']).promise, aborted])
        signal.removeEventListener('abort', abort)
      }
      if (extra['fails'] === true) throw new Error(`${name} has no weights`)
    } catch (error) {
      this.#count(-1)
      throw error
    }
  }

  override memoryBytes() {
    const { memory } = this.settings.extra
    return typeof memory === 'number' ? memory : 1_000_000
  }

  override async predict() {
    const { hold } = this.settings.extra
    if (typeof hold === 'string') {
      taken(watched.waiting, hold).resolve()
      await taken(watched.gates, hold).promise
    }
    return {
      outputs: [{ name: 'said', datatype: 'BYTES', shape: [1], data: [this.settings.name] }],
    }
  }

  override unload() {
    if (this.settings.extra['clings'] === true) throw new Error(`${this.settings.name} does not let go`)
    this.#count(-1)
  }

  #count(by: number) {
    const { name } = this.settings
    watched.alive.set(name, (watched.alive.get(name) ?? 0) + by)
  }
}
