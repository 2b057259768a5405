import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { Model } from '@millrace/sdk'

/**
 * Does what files in `parameters.extra.marks` say: `load` waits while there is `hold-load`; `predict` writes `entered`
 * and waits until there is `release`; `unload` writes `unloaded`. Its one output is `parameters.extra.answer`.
 */
export class Slow extends Model {
  override async load(): Promise<void> {
    while (existsSync(this.#mark('hold-load'))) await setTimeout(20)
  }

  override async predict() {
    writeFileSync(this.#mark('entered'), '')
    while (!existsSync(this.#mark('release'))) await setTimeout(20)
    const { answer = 'done' } = this.settings.extra as { answer?: string }
    return { outputs: [{ name: 'output', datatype: 'BYTES' as const, shape: [1, 1], data: [answer] }] }
  }

  override unload(): void {
    writeFileSync(this.#mark('unloaded'), '')
  }

  #mark(name: string): string {
    const { marks = '.' } = this.settings.extra as { marks?: string }
    return join(marks, name)
  }
}
