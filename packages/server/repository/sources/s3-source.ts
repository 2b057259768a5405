import type * as S3 from '@aws-sdk/client-s3'
import type { GetObjectCommandOutput, S3Client } from '@aws-sdk/client-s3'
import { ServingError } from '@millrace/sdk'
import type { ModelSource, OpenedFile, RemoteArtefact, RemoteFile } from './model-source.ts'
import { isArchiveName } from './remote-uri.ts'
import type { StorageAccess } from './storage-access.ts'

/** What one URI may stand for; a prefix with more objects is hardly a model. */
const OBJECTS_MAX = 100_000

type Sdk = typeof S3

/** One store that is reached in one way. */
interface Connection {
  readonly sdk: Sdk
  readonly client: S3Client
}

/** Of storages that are configured one by one: few, unless somebody changes their keys all the time. */
const CONNECTIONS_MAX = 32

interface Place {
  readonly uri: string
  readonly bucket: string
  readonly prefix: string
}

interface S3Object {
  readonly key: string
  readonly etag: string | undefined
  readonly sizeBytes: number | undefined
}

/**
 * `s3://bucket/prefix`: the object of that key, or else every object below it. Region, credentials and endpoint come
 * from the standard variables and files of AWS; with an endpoint (`AWS_ENDPOINT_URL`) buckets stand in the path, as
 * every other store wants them; unless the storage says it all itself. The library is loaded with the first such URI.
 */
export function createS3Source(variables: Readonly<Record<string, string | undefined>>): ModelSource {
  let connecting: Promise<Connection> | undefined
  /** By what they were made from, the latest made last. */
  const others = new Map<string, Promise<Connection>>()
  const connectTo = (access: StorageAccess | undefined): Promise<Connection> => {
    if (access?.type !== 's3') {
      connecting ??= connect(variables)
      return connecting
    }
    const key = JSON.stringify(access)
    const known = others.get(key)
    if (known !== undefined) return known
    const [oldest] = others.keys()
    // Downloads that still use it go on: a client without connections holds nothing.
    if (oldest !== undefined && others.size >= CONNECTIONS_MAX) others.delete(oldest)
    const made = connect(variables, access)
    others.set(key, made)
    return made
  }
  return {
    async list(uri, signal, access) {
      const place = parse(uri)
      const { sdk, client } = await connectTo(access)
      const objects = await listObjects(sdk, client, place, signal)
      return toArtefact(
        place,
        objects,
        object => (offsetBytes, signal) => open(sdk, client, place, object, offsetBytes, signal),
      )
    },
  }
}

async function connect(
  variables: Readonly<Record<string, string | undefined>>,
  access?: StorageAccess & { readonly type: 's3' },
): Promise<Connection> {
  const sdk = await import('@aws-sdk/client-s3')
  const endpoint =
    access === undefined ? variables['AWS_ENDPOINT_URL_S3'] || variables['AWS_ENDPOINT_URL'] : access.endpoint
  const region = access?.region || variables['AWS_REGION'] || variables['AWS_DEFAULT_REGION']
  const { credentials, certificate } = access ?? {}
  const client = new sdk.S3Client({
    ...(endpoint ? { endpoint, forcePathStyle: true, region: region || 'us-east-1' } : {}),
    ...(region ? { region } : {}),
    ...(credentials === undefined ? {} : { credentials }),
    ...(certificate === undefined ? {} : { requestHandler: { httpsAgent: { ca: certificate } } }),
    // Downloads are tried again by their own rules, which know how far they have come.
    maxAttempts: 1,
  })
  return { sdk, client }
}

function parse(uri: string): Place {
  const [, bucket, prefix = ''] = /^s3:\/\/([^/?#]+)(?:\/(.*))?$/is.exec(uri) ?? []
  if (bucket === undefined) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `${JSON.stringify(uri)} cannot be read; write s3://bucket/prefix`,
    )
  }
  return { uri, bucket, prefix }
}

async function listObjects(
  sdk: Sdk,
  client: S3Client,
  place: Place,
  signal: AbortSignal,
): Promise<S3Object[]> {
  const { uri, bucket, prefix } = place
  const objects: S3Object[] = []
  let token: string | undefined
  do {
    const command = new sdk.ListObjectsV2Command({
      Bucket: bucket,
      Prefix: prefix,
      ...(token === undefined ? {} : { ContinuationToken: token }),
    })
    const page = await client.send(command, { abortSignal: signal }).catch((error: unknown) => {
      throw toServingError(error, uri)
    })
    for (const { Key: key = '', ETag: etag, Size: sizeBytes } of page.Contents ?? []) {
      if (isBelow(key, prefix)) objects.push({ key, etag, sizeBytes })
    }
    if (objects.length > OBJECTS_MAX) {
      throw new ServingError('RESOURCE_EXHAUSTED', `${uri} holds more than ${OBJECTS_MAX} objects`)
    }
    token = page.NextContinuationToken
  } while (token !== undefined)
  return objects
}

/** `models/iris` stands for itself and for `models/iris/…`, and not for `models/iris-2`. */
function isBelow(key: string, prefix: string): boolean {
  if (key.endsWith('/')) return false
  return prefix === '' || prefix.endsWith('/') || key === prefix || key.startsWith(`${prefix}/`)
}

function toArtefact(
  { uri, prefix }: Place,
  objects: readonly S3Object[],
  opener: (object: S3Object) => RemoteFile['open'],
): RemoteArtefact {
  const toFile = (object: S3Object, path: string, isArchive: boolean): RemoteFile => ({
    path,
    identity: object.etag === undefined ? undefined : `etag ${object.etag}`,
    sizeBytes: object.sizeBytes,
    sha256: undefined,
    isArchive,
    open: opener(object),
  })
  const exact = objects.find(({ key }) => key === prefix)
  if (exact !== undefined) {
    const name = prefix.split('/').at(-1) ?? ''
    const isArchive = isArchiveName(name)
    return { files: [toFile(exact, name, isArchive)], isFolder: isArchive }
  }
  if (objects.length === 0) throw new ServingError('FAILED_PRECONDITION', `${uri} holds no objects`)
  const folder = prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`
  return {
    files: objects.map(object => toFile(object, object.key.slice(folder.length), false)),
    isFolder: true,
  }
}

async function open(
  sdk: Sdk,
  client: S3Client,
  { uri, bucket }: Place,
  { key, etag }: S3Object,
  offsetBytes: number,
  signal: AbortSignal,
): Promise<OpenedFile> {
  const command = new sdk.GetObjectCommand({
    Bucket: bucket,
    Key: key,
    ...(etag === undefined ? {} : { IfMatch: etag }),
    ...(offsetBytes > 0 ? { Range: `bytes=${offsetBytes}-` } : {}),
  })
  const subject = `s3://${bucket}/${key}`
  let answer: GetObjectCommandOutput
  try {
    answer = await client.send(command, { abortSignal: signal })
  } catch (error) {
    if (statusOf(error) === 412) {
      const message = `${subject} changed while ${uri} was downloaded; load it again`
      throw new ServingError('FAILED_PRECONDITION', message, { cause: error })
    }
    throw toServingError(error, subject)
  }
  const isPart = answer.ContentRange !== undefined
  const start = isPart ? offsetBytes : 0
  return {
    offsetBytes: start,
    totalBytes: answer.ContentLength === undefined ? undefined : start + answer.ContentLength,
    chunks: chunksOf(answer, subject),
  }
}

async function* chunksOf(
  { Body: body }: GetObjectCommandOutput,
  subject: string,
): AsyncGenerator<Uint8Array> {
  if (body === undefined) return
  try {
    for await (const chunk of body as AsyncIterable<Uint8Array>) yield chunk
  } catch (error) {
    throw toServingError(error, subject)
  }
}

function toServingError(error: unknown, subject: string): unknown {
  const status = statusOf(error)
  const name = error instanceof Error ? error.name : 'unknown error'
  const text = error instanceof Error ? error.message : String(error)
  // An answer without a body leaves the library without words.
  const isUnknown = status !== undefined && name.startsWith('Unknown')
  const problem = isUnknown ? `the store answered ${status}` : name === 'Error' ? text : `${name}: ${text}`
  const message = `${subject} cannot be read: ${problem}`
  const isFinal =
    (status !== undefined && status < 500 && status !== 429 && status !== 408) || FINAL.has(name)
  return new ServingError(isFinal ? 'FAILED_PRECONDITION' : 'UNAVAILABLE', message, { cause: error })
}

/** Mistakes in the configuration, which have no status because nothing was sent. */
const FINAL: ReadonlySet<string> = new Set(['CredentialsProviderError', 'TokenProviderError'])

function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('$metadata' in error)) return undefined
  const { $metadata: metadata } = error as { $metadata?: { httpStatusCode?: number } }
  return metadata?.httpStatusCode
}
