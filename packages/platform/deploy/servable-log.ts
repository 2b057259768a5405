import { createLineRing, type LineRing } from './line-ring.ts'
import { createLogFile } from './log-file.ts'

/** What the replicas of one servable write: the latest lines in memory, more of them in a file. */
export interface ServableLog {
  readonly add: (line: string) => void
  readonly read: LineRing['read']
  /** Ends it for its readers. The file is kept for a later life, or deleted. */
  readonly close: (file: 'keep' | 'delete') => Promise<void>
}

/** Begins with the last lines of the file, if there is one from an earlier life. */
export function createServableLog(
  path: string,
  maxFileBytes: number,
  onError: (error: unknown) => void,
): ServableLog {
  const file = createLogFile(path, maxFileBytes, onError)
  const ring = createLineRing()
  for (const line of file.tail()) ring.add(line)
  return {
    add(line) {
      ring.add(line)
      file.append(line)
    },
    read: options => ring.read(options),
    async close(what) {
      ring.end()
      await (what === 'keep' ? file.close() : file.remove())
    },
  }
}
