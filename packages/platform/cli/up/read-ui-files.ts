import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { extname, join, sep } from 'node:path'

/** One file of the web interface, in every form that was built. */
export interface UiFile {
  readonly contentType: string
  /** Quoted, as the header has it; forms add their names to it. */
  readonly etag: string
  /** Its name has its digest in it: what lies there never changes. */
  readonly isImmutable: boolean
  readonly identity: Buffer
  readonly br: Buffer | undefined
  readonly gzip: Buffer | undefined
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
}

/** Reads a built web interface into memory, by path from `/`; nothing outside of the folder is ever looked for. */
export async function readUiFiles(folder: string): Promise<ReadonlyMap<string, UiFile>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const names = entries
    .filter(entry => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1))
  const bytes = new Map(
    await Promise.all(names.map(async name => [name, await readFile(join(folder, name))] as const)),
  )
  const files = new Map<string, UiFile>()
  for (const [name, identity] of bytes) {
    const contentType = TYPES[extname(name)]
    // Compressed forms belong to their files; what has no type, such as the mark of the build, is nobody's business.
    if (contentType === undefined || name.startsWith('.')) continue
    const path = `/${name.split(sep).join('/')}`
    files.set(path, {
      contentType,
      etag: `"${createHash('sha256').update(identity).digest('base64url').slice(0, 22)}"`,
      isImmutable: path.startsWith('/assets/'),
      identity,
      br: bytes.get(`${name}.br`),
      gzip: bytes.get(`${name}.gz`),
    })
  }
  return files
}
