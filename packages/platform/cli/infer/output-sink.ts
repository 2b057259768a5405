import { open } from 'node:fs/promises'

/** Where lines go. */
export interface OutputSink {
  /** Resolves once the line is with the operating system; lines never mix. */
  readonly write: (line: Uint8Array) => Promise<void>
  readonly close: () => Promise<void>
}

/** @param path `-` for standard output */
export async function openOutput(path: string, isAppended: boolean): Promise<OutputSink> {
  if (path === '-') {
    // Each write tells of its own failure; without a listener the first would end the process.
    process.stdout.on('error', () => {})
    return { write: writeToStdout, close: async () => {} }
  }
  const file = await open(path, isAppended ? 'a' : 'w')
  let last: Promise<void> = Promise.resolve()
  return {
    write: line => (last = last.then(() => file.appendFile(line))),
    async close() {
      await last.catch(() => {})
      await file.close()
    },
  }
}

function writeToStdout(line: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(line, error => (error ? reject(error) : resolve()))
  })
}
