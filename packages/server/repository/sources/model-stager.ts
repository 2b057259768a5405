import { createHash } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { type Logger, ServingError } from '@millrace/sdk'
import { ByteAllowance } from './byte-allowance.ts'
import { downloadFile } from './download-file.ts'
import { httpSource } from './http-source.ts'
import type { ModelSource, RemoteArtefact, RemoteFile } from './model-source.ts'
import { createOciSource } from './oci-source.ts'
import { createProgress } from './progress.ts'
import { pathInside, type RemoteScheme, remoteScheme, shownUri } from './remote-uri.ts'
import { DEFAULT_RETRY_POLICY, type RetryPolicy, retrying } from './retry.ts'
import { createS3Source } from './s3-source.ts'
import { createSlots, type Slots } from './slots.ts'
import {
  commitPartial,
  contentPath,
  createPartial,
  findStaged,
  isCurrent,
  prune,
  readStagings,
  reuseFile,
  type StagedFile,
  type Staging,
  touch,
} from './staging.ts'
import type { StorageAccess } from './storage-access.ts'
import { checkLinks, unpackArchive } from './unpack-archive.ts'

export interface StageContext {
  readonly signal: AbortSignal
  readonly log: Logger
  /** How the place is reached. Default: as the environment says. */
  readonly access?: StorageAccess
}

/** Brings what a URI stands for onto this machine. */
export interface ModelStager {
  /**
   * The local path of what a URI stands for now; a path, and a URI of a scheme that is no source, as it is. Only what has
   * changed since the last time is downloaded.
   * @throws ServingError naming the URI: UNAVAILABLE, FAILED_PRECONDITION, INVALID_ARGUMENT, RESOURCE_EXHAUSTED; the
   * signal's reason
   */
  stage(uri: string, context: StageContext): Promise<string>
}

export interface ModelStagerOptions {
  /** Absolute; made when it is needed. */
  readonly cacheFolder: string
  readonly maxBytes: number
  /** Variables of AWS and Docker. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Local paths that loaded models read from; their stagings are kept. */
  readonly inUse: () => readonly string[]
  readonly retryPolicy?: RetryPolicy
  readonly stallTimeoutMs?: number
}

/** Of all URIs together: enough to fill a line with small files. */
const DOWNLOADS_AT_ONCE = 8
const FILES_MAX = 100_000
const STALL_TIMEOUT_MS = 30_000

export function createModelStager(options: ModelStagerOptions): ModelStager {
  const s3 = createS3Source(options.environment)
  const oci = createOciSource(options.environment)
  const sources: Readonly<Record<RemoteScheme, ModelSource>> = {
    s3,
    oci,
    http: httpSource,
    https: httpSource,
  }
  const downloads = createSlots(DOWNLOADS_AT_ONCE)
  const turns = new Map<string, { readonly slots: Slots; users: number }>()

  return {
    async stage(uri, context) {
      const scheme = remoteScheme(uri)
      if (scheme === undefined) return uri
      // Two models of one URI: the second finds what the first has staged.
      const key = keyOf(uri, context.access)
      const turn = turns.get(key) ?? { slots: createSlots(1), users: 0 }
      turns.set(key, turn)
      turn.users++
      try {
        return await turn.slots.run(context.signal, () =>
          stageAnew({ uri, source: sources[scheme], downloads, options, context }),
        )
      } finally {
        if (--turn.users === 0) turns.delete(key)
      }
    },
  }
}

interface Task {
  readonly uri: string
  readonly source: ModelSource
  readonly downloads: Slots
  readonly options: ModelStagerOptions
  readonly context: StageContext
}

async function stageAnew(task: Task): Promise<string> {
  const { uri, source, options, context } = task
  const folder = join(options.cacheFolder, hashOf(keyOf(uri, context.access)))
  const policy = options.retryPolicy ?? DEFAULT_RETRY_POLICY
  const artefact = await retrying({ policy, ...context }, () =>
    source.list(uri, context.signal, context.access),
  )
  const stagings = await readStagings(folder)
  const current = stagings.find(staging => isCurrent(staging, artefact))
  if (current !== undefined) {
    await touch(current)
    context.log.debug('unchanged', { uri: shownUri(uri) })
    return contentPath(current.folder, current.manifest)
  }
  checkArtefact(artefact, uri, options.maxBytes)
  const partial = await createPartial(folder)
  try {
    const files = await fill(join(partial, 'content'), artefact, stagings, task)
    const manifest = { uri: shownUri(uri), isFolder: artefact.isFolder, files }
    const contentHash = hashOf(
      JSON.stringify(files.map(({ path, sha256, isArchive }) => [path, sha256, isArchive])),
    )
    const staged = join(folder, contentHash)
    await commitPartial(partial, staged, manifest)
    await prune(folder, options.inUse())
    return contentPath(staged, manifest)
  } catch (error) {
    await rm(partial, { recursive: true, force: true })
    throw error
  }
}

/** Fails before the first byte where the source tells enough. */
function checkArtefact({ files }: RemoteArtefact, uri: string, maxBytes: number): void {
  if (files.length > FILES_MAX) {
    throw new ServingError('RESOURCE_EXHAUSTED', `${shownUri(uri)} has more than ${FILES_MAX} files`)
  }
  const sizes = allowanceOf(uri, maxBytes)
  for (const { sizeBytes } of files) sizes.take(sizeBytes ?? 0)
  const paths = new Set<string>()
  for (const file of files.filter(({ isArchive }) => !isArchive)) {
    const path = pathInside(file.path, shownUri(uri))
    if (path === '' || paths.has(path)) {
      const problem = path === '' ? 'is no name of a file' : 'is there twice'
      throw new ServingError(
        'FAILED_PRECONDITION',
        `${shownUri(uri)}: ${JSON.stringify(file.path)} ${problem}`,
      )
    }
    paths.add(path)
  }
}

async function fill(
  content: string,
  { files }: RemoteArtefact,
  stagings: readonly Staging[],
  { uri, downloads, options, context }: Task,
): Promise<StagedFile[]> {
  const shown = shownUri(uri)
  const progress = createProgress(context.log, shown, files)
  const allowance = allowanceOf(uri, options.maxBytes)
  // One failure ends the other downloads too.
  const failed = new AbortController()
  const signal = AbortSignal.any([context.signal, failed.signal])
  const download = {
    policy: options.retryPolicy ?? DEFAULT_RETRY_POLICY,
    signal,
    log: context.log,
    allowance,
    stallTimeoutMs: options.stallTimeoutMs ?? STALL_TIMEOUT_MS,
    onBytes: (sizeBytes: number) => progress.add(sizeBytes),
  }
  const archiveAt = (index: number) => join(dirname(content), `archive-${index}`)
  const bring = async (file: RemoteFile, index: number): Promise<StagedFile> => {
    const { path, identity, isArchive } = file
    const target = isArchive ? archiveAt(index) : join(content, pathInside(path, shown))
    const found = findStaged(file, stagings)
    if (found !== undefined) {
      await reuseFile(join(found.staging.folder, 'content', pathInside(path, shown)), target)
      progress.reuse()
      return found.staged
    }
    await mkdir(dirname(target), { recursive: true })
    const subject = files.length === 1 ? shown : `${shown}: ${path}`
    return { path, identity, isArchive, sha256: await downloadFile(file, target, subject, download) }
  }
  const results = await Promise.allSettled(
    files.map((file, index) =>
      downloads
        .run(signal, () => bring(file, index))
        .catch((error: unknown) => {
          failed.abort(error)
          throw error
        }),
    ),
  )
  context.signal.throwIfAborted()
  failed.signal.throwIfAborted()
  const staged = results.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []))

  const unpacked = allowanceOf(uri, options.maxBytes)
  for (const [index, file] of files.entries()) {
    if (!file.isArchive) continue
    const subject = files.length === 1 ? shown : `${shown}: ${basename(file.path)}`
    const takeBytes = (sizeBytes: number) => unpacked.take(sizeBytes)
    await unpackArchive(archiveAt(index), content, { subject, takeBytes }, context.signal)
    await rm(archiveAt(index))
  }
  await checkLinks(content, shown)
  progress.end()
  return staged
}

function allowanceOf(uri: string, maxBytes: number): ByteAllowance {
  return new ByteAllowance(maxBytes, `${shownUri(uri)} is refused: it has`)
}

/** The same URI may stand for something else in another store, or for somebody else. */
function keyOf(uri: string, access: StorageAccess | undefined): string {
  return access === undefined ? uri : JSON.stringify([uri, access])
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}
