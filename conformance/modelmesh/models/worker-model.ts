import { appendFileSync, existsSync, watch } from 'node:fs'
import { dirname } from 'node:path'
import { Model } from '@millrace/sdk'

/** Writes the process that loads it into its `file`, and waits there for another file, `go`, if it is given one. */
export class WorkerModel extends Model {
  override async load({ signal }: { readonly signal: AbortSignal }) {
    const { file, go } = this.settings.extra
    appendFileSync(String(file), `${process.pid}\n`)
    if (typeof go !== 'string') return
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const watcher = watch(dirname(go), () => {
      if (existsSync(go)) resolve()
    })
    signal.addEventListener('abort', () => reject(signal.reason))
    try {
      if (!existsSync(go)) await promise
    } finally {
      watcher.close()
    }
  }

  override async predict() {
    return {
      outputs: [{ name: 'said', datatype: 'BYTES', shape: [1], data: [String(process.pid)] }],
    }
  }

  override unload() {
    appendFileSync(String(this.settings.extra['file']), 'unloaded\n')
  }
}
