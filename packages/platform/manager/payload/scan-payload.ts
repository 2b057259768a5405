import { posix } from 'node:path'
import { ServingError } from '@millrace/sdk'
import { Parser, type ReadEntry } from 'tar'
import { createEntryRules } from './entry-rules.ts'
import type { PayloadArchiveLimits } from './payload-limits.ts'
import { openTar, toArchiveError } from './tar-bytes.ts'

/** What an archive holds. Nothing of it was written anywhere. */
export interface PayloadContents {
  readonly entryCount: number
  readonly unpackedBytes: number
  /** The first files and their sizes. */
  readonly files: readonly { readonly path: string; readonly sizeBytes: number }[]
  /** Small files that may hold a contract, by path. */
  readonly contracts: ReadonlyMap<string, Uint8Array>
  /** Paths of models from which a signature could be read, by somebody else. */
  readonly modelFiles: readonly string[]
}

const FILES_SHOWN_MAX = 200
const CONTRACT_NAMES: ReadonlySet<string> = new Set(['contract.prototxt', 'contract.protobin'])
const CONTRACT_BYTES_MAX = 4 * 1024 * 1024
const CONTRACTS_MAX = 16
const MODEL_FILE = /(?:^|\/)(?:saved_model\.pb|[^/]+\.(?:h5|keras)|metadata\/part-00000)$/

/**
 * Reads an archive from its beginning to its end and checks all of it.
 *
 * Rejects INVALID_ARGUMENT for what is no archive or is not to be unpacked, RESOURCE_EXHAUSTED beyond the limits.
 */
export async function scanPayload(
  path: string,
  limits: PayloadArchiveLimits,
  signal?: AbortSignal,
): Promise<PayloadContents> {
  const rules = createEntryRules()
  const files: { path: string; sizeBytes: number }[] = []
  const contracts = new Map<string, Buffer>()
  const modelFiles: string[] = []
  let entryCount = 0
  let unpackedBytes = 0
  let failure: unknown

  const take = (entry: ReadEntry) => {
    entryCount++
    unpackedBytes += entry.size
    if (entryCount > limits.entriesMax) tooMuch(`more than ${limits.entriesMax} entries`)
    if (unpackedBytes > limits.unpackedBytesMax) {
      tooMuch(`files of more than ${limits.unpackedBytesMax} bytes together`)
    }
    rules.check({ path: entry.path, type: entry.type, linkTarget: entry.linkpath })
    if (entry.type === 'Directory') return
    if (files.length < FILES_SHOWN_MAX) files.push({ path: entry.path, sizeBytes: entry.size })
    if (MODEL_FILE.test(entry.path) && modelFiles.length < FILES_SHOWN_MAX) modelFiles.push(entry.path)
    const isContract = CONTRACT_NAMES.has(posix.basename(entry.path)) && entry.size <= CONTRACT_BYTES_MAX
    if (!isContract || contracts.size >= CONTRACTS_MAX) return
    const chunks: Buffer[] = []
    entry.on('data', (chunk: Buffer) => void chunks.push(Buffer.from(chunk)))
    entry.on('end', () => void contracts.set(entry.path, Buffer.concat(chunks)))
  }

  const parser = new Parser({
    strict: true,
    onReadEntry(entry) {
      try {
        if (failure === undefined) take(entry)
      } catch (error) {
        failure = error
      }
      entry.resume()
    },
  })
  parser.on('error', (error: unknown) => (failure ??= error))
  const tar = await openTar(path, limits)
  try {
    for await (const chunk of tar) {
      signal?.throwIfAborted()
      // Entries are read while this runs; nothing has to be waited for.
      parser.write(chunk as Buffer)
      if (failure !== undefined) break
    }
    if (failure === undefined) {
      parser.end()
      rules.finish()
    }
  } catch (error) {
    failure ??= error
  }
  if (signal?.aborted === true) throw signal.reason
  if (failure !== undefined) throw toArchiveError(failure)
  return { entryCount, unpackedBytes, files, contracts, modelFiles }
}

function tooMuch(what: string): never {
  throw new ServingError('RESOURCE_EXHAUSTED', `payload has ${what}, which is the limit`, { httpStatus: 413 })
}
