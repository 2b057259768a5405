import { Parser, type ReadEntry } from 'tar'
import { createFileWriter, type FileWriter } from './file-writer.ts'
import type { PayloadArchiveLimits } from './payload-limits.ts'
import { openTar, toArchiveError } from './tar-bytes.ts'

/**
 * Unpacks an archive that was scanned into a new folder. Files belong to who runs this, who may read and write them; those
 * that were executable stay so. Of entries with the same path the last one counts.
 *
 * Rejects INVALID_ARGUMENT for an archive that cannot be unpacked, and with the signal's reason.
 */
export async function unpackPayload(
  path: string,
  folder: string,
  limits: PayloadArchiveLimits,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted()
  const writer = createFileWriter(folder)
  let failure: Error | undefined
  // What is to be done for the entries in one piece of the archive, which is done before the next piece is read.
  let steps: (() => Promise<void>)[] = []
  const parser = new Parser({
    strict: true,
    onReadEntry: entry => addSteps(entry, writer, step => void steps.push(step)),
  })
  parser.on('error', (error: Error) => (failure ??= error))
  const work = async () => {
    const due = steps
    steps = []
    for (const step of due) await step()
    signal.throwIfAborted()
    if (failure !== undefined) throw failure
  }
  try {
    await writer.makeFolder('')
    for await (const chunk of await openTar(path, limits)) {
      parser.write(chunk as Buffer)
      await work()
    }
    parser.end()
    await work()
  } catch (error) {
    if (signal.aborted) throw signal.reason
    throw toArchiveError(error)
  } finally {
    await writer.close()
  }
}

/** An entry's bytes come while the parser is given them, so that nothing has to wait for it. */
function addSteps(entry: ReadEntry, writer: FileWriter, add: (step: () => Promise<void>) => void): void {
  const { path, type, linkpath } = entry
  if (type === 'Directory') add(() => writer.makeFolder(path))
  else if (type === 'SymbolicLink') add(() => writer.makeLink(path, linkpath ?? ''))
  else if (type === 'Link') add(() => writer.makeHardLink(path, linkpath ?? ''))
  else {
    const isProgram = ((entry.mode ?? 0) & 0o111) !== 0
    add(() => writer.beginFile(path, isProgram))
    entry.on('data', (chunk: Buffer) => add(() => writer.write(chunk)))
    entry.on('end', () => add(() => writer.endFile()))
  }
  entry.resume()
}
