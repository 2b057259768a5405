import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import type { TestContext } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { Logger } from '@millrace/sdk'
import { Header, type HeaderData } from 'tar'
import { createModelStager, type ModelStagerOptions } from '../model-stager.ts'

export interface StagerBed {
  readonly cacheFolder: string
  /** Every line of the log. */
  readonly lines: readonly string[]
  readonly stage: (uri: string, signal?: AbortSignal) => Promise<string>
  /** Texts below a path, by their path; of a file its text under the empty path. */
  readonly read: (path: string) => Promise<Readonly<Record<string, string>>>
  /** What the cache holds: for each URI its finished stagings and unfinished downloads. */
  readonly stagings: () => Promise<readonly string[]>
}

/** A stager with a cache of its own that does not wait long before it tries again. */
export async function stagerBed(
  t: TestContext,
  options: Partial<ModelStagerOptions> = {},
): Promise<StagerBed> {
  const cacheFolder = await mkdtemp(join(tmpdir(), 'stager-'))
  t.after(() => rm(cacheFolder, { recursive: true }))
  const lines: string[] = []
  const write = (message: string) => void lines.push(message)
  const log: Logger = { debug: write, info: write, warn: write, error: write }
  const stager = createModelStager({
    cacheFolder,
    maxBytes: 1024 * 1024,
    environment: {},
    inUse: () => [],
    retryPolicy: { attempts: 4, delayMs: 1 },
    ...options,
  })
  return {
    cacheFolder,
    lines,
    stage: (uri, signal = new AbortController().signal) => stager.stage(uri, { signal, log }),
    read,
    async stagings() {
      const keys = await readdir(cacheFolder)
      const names = await Promise.all(keys.map(key => readdir(join(cacheFolder, key))))
      return names.flat()
    },
  }
}

async function read(path: string): Promise<Readonly<Record<string, string>>> {
  const found = await stat(path)
  if (found.isFile()) return { '': await readFile(path, 'utf8') }
  const texts: Record<string, string> = {}
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) continue
    const file = join(entry.parentPath, entry.name)
    texts[relative(path, file)] = await readFile(file, 'utf8')
  }
  return texts
}

/** A tar archive by hand, so that it can hold what no tool would write. */
export function tarOf(entries: readonly (Partial<HeaderData> & { readonly text?: string })[]): Buffer {
  const blocks = entries.map(({ text = '', ...data }) => {
    const body = Buffer.from(text)
    const block = Buffer.alloc(512)
    const size = data.size ?? body.length
    new Header({
      mode: 0o644,
      type: 'File',
      mtime: new Date(0),
      uid: 0,
      gid: 0,
      ...data,
      size,
    }).encode(block)
    return Buffer.concat([block, body, Buffer.alloc((512 - (body.length % 512)) % 512)])
  })
  return Buffer.concat([...blocks, Buffer.alloc(1024)])
}

export function tarGzOf(entries: Parameters<typeof tarOf>[0]): Buffer {
  return gzipSync(tarOf(entries))
}
