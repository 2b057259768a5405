import type { HandOver } from '@millrace/server'
import type { UiFile } from './read-ui-files.ts'
import { isUiPath, pathOfTarget } from './ui-paths.ts'

type Request = Parameters<HandOver['handle']>[0]
type Response = Parameters<HandOver['handle']>[1]

/** Styles are set by scripts, element by element; scripts come from files of this origin alone. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
}

/** What stands in the place of pages that were not built. */
const NOT_BUILT = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Millrace</title>
<h1>Millrace is up</h1>
<p>The web interface has not been built. In a checkout, <code>npm run build:ui</code> builds it; then start
<code>millrace up</code> again. Everything else works without it: the manager answers below <code>/api</code>, predictions
below <code>/gateway</code> and <code>/v2</code>.</p>
</html>
`

/** The page that says how to build the others. */
export const UNBUILT_UI: ReadonlyMap<string, UiFile> = new Map([
  [
    '/index.html',
    {
      contentType: 'text/html; charset=utf-8',
      etag: '"unbuilt"',
      isImmutable: false,
      identity: Buffer.from(NOT_BUILT),
      br: undefined,
      gzip: undefined,
    },
  ],
])

/**
 * Answers with the files of the web interface. A path without a file is a page of it, which `index.html` shows; only
 * below `/assets/` a file that is not there is not found.
 */
export function uiPages(files: ReadonlyMap<string, UiFile>, rootPath = ''): HandOver {
  const index = files.get('/index.html')
  return {
    takes: path => isUiPath(path, rootPath),
    handle(request, response) {
      request.resume()
      const { method = '', url } = request
      if (method !== 'GET' && method !== 'HEAD') {
        refuse(response, 405, `${method} is not allowed here; allowed: GET, HEAD`, { allow: 'GET, HEAD' })
        return
      }
      const path = pathOfTarget(url)
      const file = files.get(path) ?? (path.startsWith('/assets/') ? undefined : index)
      if (file === undefined) refuse(response, 404, 'There is no such file; load the page again')
      else send(request, response, file)
    },
  }
}

function refuse(
  response: Response,
  status: number,
  message: string,
  more: Readonly<Record<string, string>> = {},
) {
  response.writeHead(status, {
    ...HEADERS,
    ...more,
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
  })
  response.end(`${message}\n`)
}

function send({ method, headers }: Request, response: Response, file: UiFile): void {
  const encoding = encodingOf(headers['accept-encoding'], file)
  const etag = encoding === 'identity' ? file.etag : `${file.etag.slice(0, -1)}-${encoding}"`
  const common = {
    ...HEADERS,
    etag,
    vary: 'accept-encoding',
    'cache-control': file.isImmutable ? 'public, max-age=31536000, immutable' : 'no-cache',
  }
  if (isKnown(headers['if-none-match'], etag)) {
    response.writeHead(304, common)
    response.end()
    return
  }
  const bytes = file[encoding] ?? file.identity
  response.writeHead(200, {
    ...common,
    'content-type': file.contentType,
    'content-length': bytes.length,
    ...(encoding === 'identity' ? {} : { 'content-encoding': encoding }),
  })
  response.end(method === 'HEAD' ? undefined : bytes)
}

type Encoding = 'br' | 'gzip' | 'identity'

function encodingOf(header: string | string[] | undefined, file: UiFile): Encoding {
  const accepted = new Set(
    String(header ?? '')
      .toLowerCase()
      .split(',')
      .map(part => part.replaceAll(' ', ''))
      .filter(part => !/;q=0(?:\.0*)?$/.test(part))
      .map(part => part.split(';', 1)[0]),
  )
  for (const encoding of ['br', 'gzip'] as const) {
    if (accepted.has(encoding) && file[encoding] !== undefined) return encoding
  }
  return 'identity'
}

/** Weak tags count as equal: proxies make them of strong ones. */
function isKnown(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  return header.split(',').some(part => {
    const tag = part.trim().replace(/^W\//, '')
    return tag === '*' || tag === etag
  })
}
