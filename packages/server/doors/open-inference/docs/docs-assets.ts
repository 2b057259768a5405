import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { ServingError } from '@millrace/sdk'
import type { HttpRequest, HttpResponse } from '../../../transport/index.ts'
import { START_SCRIPT } from './docs-page.ts'

/** Media types of the files that pages use; there are no others to be had. */
const FILES: ReadonlyMap<string, string> = new Map([
  ['favicon-32x32.png', 'image/png'],
  ['start.js', 'text/javascript; charset=utf-8'],
  ['swagger-ui-bundle.js', 'text/javascript; charset=utf-8'],
  ['swagger-ui.css', 'text/css; charset=utf-8'],
])

interface Asset {
  readonly bytes: Uint8Array
  readonly tag: string
}

/**
 * Answers with the files that pages load, from the installed package, which nobody reads before a page is opened.
 * @throws ServingError NOT_FOUND for a file that pages do not use
 */
export function createDocsAssets(): (http: HttpRequest) => Promise<HttpResponse> {
  const assets = new Map<string, Promise<Asset>>()
  return async http => {
    const file = http.params['file']!
    const mediaType = FILES.get(file)
    if (mediaType === undefined) {
      throw new ServingError('NOT_FOUND', `there is no such file; there are ${[...FILES.keys()].join(', ')}`)
    }
    let asset = assets.get(file)
    if (asset === undefined) {
      asset = readAsset(file)
      assets.set(file, asset)
      // The next request tries again.
      asset.catch(() => assets.delete(file))
    }
    const { bytes, tag } = await asset
    const headers = { etag: tag, 'cache-control': 'no-cache', 'x-content-type-options': 'nosniff' }
    if (isKnown(http.headers['if-none-match'], tag)) return { status: 304, headers }
    return { status: 200, headers: { ...headers, 'content-type': mediaType }, body: bytes }
  }
}

async function readAsset(file: string): Promise<Asset> {
  const bytes =
    file === 'start.js'
      ? Buffer.from(START_SCRIPT)
      : await readFile(new URL(`static/${file}`, import.meta.resolve('@fastify/swagger-ui/package.json')))
  // Weak: the listener may compress it on the way.
  const tag = `W/"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`
  return { bytes, tag }
}

/** RFC 9110 section 13.1.2. */
function isKnown(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false
  return header.split(',').some(known => known.trim() === '*' || known.trim() === tag)
}
