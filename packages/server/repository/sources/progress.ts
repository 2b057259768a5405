import type { Logger } from '@millrace/sdk'
import type { RemoteFile } from './model-source.ts'

/** Tells the log how a download gets on: a line every few seconds, and one at the end. */
export interface Progress {
  add(sizeBytes: number): void
  /** A file that was there already. */
  reuse(): void
  end(): void
}

const EVERY_MS = 5000

export function createProgress(log: Logger, uri: string, files: readonly RemoteFile[]): Progress {
  const startedMs = performance.now()
  const totalBytes = files.every(file => file.sizeBytes !== undefined)
    ? files.reduce((sum, file) => sum + (file.sizeBytes ?? 0), 0)
    : undefined
  let loggedMs = startedMs
  let downloadedBytes = 0
  let reusedFiles = 0
  return {
    add(sizeBytes) {
      downloadedBytes += sizeBytes
      const nowMs = performance.now()
      if (nowMs - loggedMs < EVERY_MS) return
      loggedMs = nowMs
      log.info('downloading', { uri, downloadedBytes, ...(totalBytes === undefined ? {} : { totalBytes }) })
    },
    reuse() {
      reusedFiles++
    },
    end() {
      const durationMs = Math.round(performance.now() - startedMs)
      log.info('downloaded', { uri, files: files.length, reusedFiles, downloadedBytes, durationMs })
    },
  }
}
