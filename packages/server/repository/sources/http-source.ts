import { ServingError } from '@millrace/sdk'
import { chunksOf, fetchFollowing, refusalOf } from './http-fetch.ts'
import type { ModelSource, OpenedFile, RemoteFile } from './model-source.ts'
import { isArchiveName, shownUri } from './remote-uri.ts'
import type { StorageAccess } from './storage-access.ts'

/** A file behind `https:` or `http:`; an archive (`.tar`, `.tar.gz`, `.tgz`) stands for a folder. */
export const httpSource: ModelSource = {
  async list(uri, signal, access) {
    const url = URL.parse(uri)
    if (url === null) throw new ServingError('INVALID_ARGUMENT', `${shownUri(uri)} is not a URL`)
    const place: Place = { url, uri, ownHeaders: headersOf(access) }
    const { headers } = await headOf(place, signal)
    const name = fileNameOf(url)
    const identity = identityOf(headers)
    const file: RemoteFile = {
      path: name,
      identity,
      sizeBytes: lengthOf(headers),
      sha256: undefined,
      isArchive: isArchiveName(name),
      open: (offsetBytes, signal) => open(place, headers, offsetBytes, signal),
    }
    return { files: [file], isFolder: file.isArchive }
  },
}

interface Place {
  readonly url: URL
  readonly uri: string
  readonly ownHeaders: Readonly<Record<string, string>> | undefined
}

function headersOf(access: StorageAccess | undefined): Place['ownHeaders'] {
  return access?.type === 'http' ? access.headers : undefined
}

/** The headers of the file. What refuses HEAD, as signed URLs do, is asked with GET and not read. */
async function headOf({ url, uri, ownHeaders }: Place, signal: AbortSignal): Promise<Response> {
  const head = await fetchFollowing(url, { method: 'HEAD', ownHeaders, signal })
  await head.body?.cancel()
  if (head.ok) return head
  if (![400, 403, 405, 501].includes(head.status)) throw refusalOf(head, uri)
  const got = await fetchFollowing(url, { ownHeaders, signal })
  await got.body?.cancel()
  if (got.ok) return got
  throw refusalOf(got, uri)
}

async function open(
  { url, uri, ownHeaders }: Place,
  listed: Headers,
  offsetBytes: number,
  signal: AbortSignal,
): Promise<OpenedFile> {
  const validator = validatorOf(listed)
  const canResume = offsetBytes > 0 && validator !== undefined
  const headers = canResume ? { range: `bytes=${offsetBytes}-`, 'if-range': validator } : {}
  const response = await fetchFollowing(url, { headers, ownHeaders, signal })
  const identity = identityOf(response.headers)
  const isOther = identity !== undefined && identity !== identityOf(listed)
  const isPart = response.status === 206
  if (!response.ok || isOther || (isPart && !canResume)) {
    await response.body?.cancel()
    if (!response.ok) throw refusalOf(response, uri)
    const problem = isOther
      ? 'changed while it was downloaded; load it again'
      : 'answered with a part that was not asked for'
    throw new ServingError('FAILED_PRECONDITION', `${shownUri(uri)} ${problem}`)
  }
  const chunks = chunksOf(response, uri)
  if (!isPart) return { offsetBytes: 0, totalBytes: lengthOf(response.headers), chunks }
  const [, start, total] =
    /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get('content-range') ?? '') ?? []
  if (Number(start) !== offsetBytes) {
    await response.body?.cancel()
    throw new ServingError(
      'FAILED_PRECONDITION',
      `${shownUri(uri)} answered with another part than was asked for`,
    )
  }
  return { offsetBytes, totalBytes: total === '*' ? undefined : Number(total), chunks }
}

/** The last segment of the path, which becomes the name of the file. */
function fileNameOf(url: URL): string {
  const last = url.pathname.split('/').at(-1) ?? ''
  try {
    return decodeURIComponent(last) || 'model'
  } catch {
    return last
  }
}

function identityOf(headers: Headers): string | undefined {
  const etag = headers.get('etag')
  if (etag !== null) return `etag ${etag}`
  const modified = headers.get('last-modified')
  const length = headers.get('content-length')
  return modified === null || length === null ? undefined : `modified ${modified}, ${length} bytes`
}

/** What `If-Range` may hold: a strong ETag or a date. */
function validatorOf(headers: Headers): string | undefined {
  const etag = headers.get('etag')
  if (etag !== null) return etag.startsWith('W/') ? undefined : etag
  return headers.get('last-modified') ?? undefined
}

/** Undefined for bodies that `fetch` decodes, whose length is that of another form. */
function lengthOf(headers: Headers): number | undefined {
  const length = headers.get('content-length')
  const isEncoded = headers.has('content-encoding') && headers.get('content-encoding') !== 'identity'
  return length === null || isEncoded ? undefined : Number(length)
}
