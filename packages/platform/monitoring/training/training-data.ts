import { pathToFileURL } from 'node:url'
import { type Logger, ServingError } from '@millrace/sdk'
import type { Store, TrainingUploadRecord } from '../../store/index.ts'
import type { DataProfiles } from '../profiles/data-profiles.ts'
import { profiledFields } from '../profiles/profiled-fields.ts'
import { createJobQueue } from './job-queue.ts'
import type { FetchObject } from './object-address.ts'
import { readTrainingCsv, type TrainingContent } from './read-training-csv.ts'
import { TRAINING_LIMITS, type TrainingLimits } from './training-limits.ts'
import { untilAborted } from './until-aborted.ts'

export interface TrainingDataOptions {
  /** Stays the caller's: it is closed later. */
  readonly store: Store
  readonly profiles: Pick<DataProfiles, 'mergeTraining' | 'trainingChanged'>
  readonly log: Logger
  /** Default: training data elsewhere is refused. */
  readonly fetchObject?: FetchObject | undefined
  readonly limits?: Partial<TrainingLimits> | undefined
}

/** As it is shown. */
export type TrainingStatus =
  | { readonly kind: 'NotRegistered' }
  | {
      readonly kind: TrainingUploadRecord['status']
      readonly message: string | null
      readonly rows: number
      readonly skippedRows: number
    }

/** Takes in what models were trained with, keeps it, and makes profiles of it. */
export interface TrainingData {
  /**
   * Resolves when the bytes are on the disk; their profiles are made then. Rejects NOT_FOUND for a version that is not
   * there, FAILED_PRECONDITION while other training data of it is processed, RESOURCE_EXHAUSTED beyond the limits.
   *
   * @param signal aborted when the sender has left
   */
  readonly upload: (versionId: number, csv: AsyncIterable<Uint8Array>, signal: AbortSignal) => Promise<void>
  /**
   * The same for what lies at `s3://bucket/key`; resolves before it is read. Rejects UNIMPLEMENTED where nothing can be
   * read from there.
   */
  readonly uploadFrom: (versionId: number, uri: string) => Promise<void>
  /**
   * Of what was handed in last; waits until that is processed, at most until the signal is aborted.
   * Rejects NOT_FOUND for a version that is not there.
   *
   * @param waiting ends the wait. Default: no wait
   */
  readonly status: (versionId: number, waiting?: AbortSignal) => Promise<TrainingStatus>
  /** Where the training data lies that was taken: `s3://…`, and `file://…` of what was uploaded. */
  readonly paths: (versionId: number) => Promise<readonly string[]>
  /** What is under way fails as interrupted. Idempotent. */
  readonly close: () => Promise<void>
}

const INTERRUPTED = 'interrupted by a stop of the platform; hand the training data in again'

/** Rejects when the store cannot be read. What an earlier life has left unfinished fails as interrupted. */
export async function createTrainingData(options: TrainingDataOptions): Promise<TrainingData> {
  const { store, profiles, log, fetchObject } = options
  const limits: TrainingLimits = { ...TRAINING_LIMITS, ...options.limits }
  const closing = new AbortController()
  const jobs = createJobQueue(limits.waitingMax)
  const uploading = new Set<Promise<void>>()
  /** By version; settles when that is over. */
  const processing = new Map<number, Promise<void>>()
  for (const { versionId } of await store.trainingUploads.failInterrupted(INTERRUPTED)) {
    log.warn('the processing of training data was interrupted', { versionId })
  }

  async function keep(id: number, bytes: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<string> {
    const { digest } = await store.payloads.put(untilAborted(bytes, signal), {
      sizeBytesMax: limits.sizeBytesMax,
      signal,
    })
    await store.trainingUploads.setPayload(id, digest)
    return digest
  }

  /** Notes why it failed; whoever asks for the status reads it. */
  async function fail({ id, versionId }: TrainingUploadRecord, error: unknown): Promise<void> {
    const isKnown = ServingError.is(error) && error.code !== 'INTERNAL' && error.code !== 'UNKNOWN'
    if (!isKnown && !closing.signal.aborted)
      log.error('training data could not be processed', { error, versionId })
    const reason = isKnown ? error.message : 'processing failed; the log says why'
    try {
      await store.trainingUploads.fail(id, closing.signal.aborted ? INTERRUPTED : reason)
    } catch (failure) {
      // Its model may have been deleted meanwhile.
      log.warn('the failure of training data could not be noted', { error: failure, versionId })
    }
  }

  async function profile(upload: TrainingUploadRecord, digest: string, signal: AbortSignal): Promise<void> {
    const { id, versionId } = upload
    const version = await store.modelVersions.get(versionId)
    if (version === undefined) throw new ServingError('NOT_FOUND', `modelversion id ${versionId} is gone`)
    const fields = profiledFields(version.signature)
    const bytes = await store.payloads.open(digest)
    const content = await readTrainingCsv(bytes as AsyncIterable<Uint8Array>, fields, limits, signal)
    const { rowCount, skippedRowCount } = content
    const message = remarks(content, fields.size)
    // Both or none: merged twice, the same data would count twice.
    await store.transaction(async tables => {
      await profiles.mergeTraining(tables, versionId, content.profiles)
      await tables.trainingUploads.succeed(id, { rowCount, skippedRowCount, message })
    })
    profiles.trainingChanged(versionId)
  }

  /** Begins one; its end is told to those who wait. */
  async function begin(versionId: number, uri: string | undefined) {
    jobs.checkRoom()
    const upload = await store.trainingUploads.begin(versionId, uri)
    const { promise: over, resolve } = Promise.withResolvers<void>()
    processing.set(versionId, over)
    const end = () => {
      // By now another upload of the version may have begun.
      if (processing.get(versionId) === over) processing.delete(versionId)
      resolve()
    }
    return { upload, end }
  }

  function enqueue(
    upload: TrainingUploadRecord,
    digestOf: (signal: AbortSignal) => Promise<string>,
    end: () => void,
  ): void {
    jobs.add(async () => {
      const timeout = AbortSignal.timeout(limits.processingMsMax)
      const signal = AbortSignal.any([closing.signal, timeout])
      try {
        signal.throwIfAborted()
        await profile(upload, await digestOf(signal), signal)
      } catch (error) {
        const tooLong = `it took more than ${limits.processingMsMax} ms, which is the limit`
        await fail(upload, timeout.aborted ? new ServingError('DEADLINE_EXCEEDED', tooLong) : error)
      }
      end()
    })
  }

  async function upload(
    versionId: number,
    csv: AsyncIterable<Uint8Array>,
    senderSignal: AbortSignal,
  ): Promise<void> {
    const { upload: begun, end } = await begin(versionId, undefined)
    try {
      const digest = await keep(begun.id, csv, AbortSignal.any([senderSignal, closing.signal]))
      enqueue(begun, () => Promise.resolve(digest), end)
    } catch (error) {
      await fail(begun, error)
      end()
      throw error
    }
  }

  let closed: Promise<void> | undefined
  return {
    async upload(versionId, csv, signal) {
      closing.signal.throwIfAborted()
      const work = upload(versionId, csv, signal)
      uploading.add(work)
      try {
        await work
      } finally {
        uploading.delete(work)
      }
    },
    async uploadFrom(versionId, uri) {
      closing.signal.throwIfAborted()
      if (fetchObject === undefined) {
        throw new ServingError(
          'UNIMPLEMENTED',
          `${uri} cannot be read: this platform was started without access to S3; upload the file itself`,
        )
      }
      const { upload: begun, end } = await begin(versionId, uri)
      enqueue(begun, signal => keep(begun.id, fetchObject(uri, signal), signal), end)
    },
    async status(versionId, waiting) {
      await requireVersion(store, versionId)
      const job = processing.get(versionId)
      if (job !== undefined && waiting?.aborted === false) await Promise.race([job, aborted(waiting)])
      const latest = await store.trainingUploads.latest(versionId)
      if (latest === undefined) return { kind: 'NotRegistered' }
      const { status: kind, message = null, rowCount: rows, skippedRowCount: skippedRows } = latest
      return { kind, message, rows, skippedRows }
    },
    async paths(versionId) {
      await requireVersion(store, versionId)
      const paths: string[] = []
      for (const { status, uri, payloadDigest } of await store.trainingUploads.list(versionId)) {
        if (status === 'Failure') continue
        if (uri !== undefined) paths.push(uri)
        else if (payloadDigest !== undefined) {
          paths.push(pathToFileURL(await store.payloads.pathOf(payloadDigest)).href)
        }
      }
      return paths
    },
    close() {
      closed ??= (async () => {
        closing.abort(new ServingError('UNAVAILABLE', 'the platform is stopping'))
        await Promise.allSettled(uploading)
        await jobs.settled()
      })()
      return closed
    },
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** What has to be said of training data that was taken; `undefined` for nothing. */
function remarks(
  { rowCount, skippedRowCount, skippedLines, absentFields }: TrainingContent,
  fieldCount: number,
): string | undefined {
  const said: string[] = []
  if (fieldCount === 0)
    said.push('no field of the version is tagged numerical or text, so there is nothing to profile')
  if (skippedRowCount > 0) {
    const more = skippedRowCount > skippedLines.length ? ' and more' : ''
    said.push(
      `${skippedRowCount} of ${rowCount + skippedRowCount} rows were left out, as they have not as many cells as the header ` +
        `(${skippedRowCount === 1 ? 'line' : 'lines'} ${skippedLines.join(', ')}${more})`,
    )
  }
  if (absentFields.length > 0) said.push(`there is no column for ${absentFields.join(', ')}`)
  return said.length === 0 ? undefined : said.join('; ')
}

async function requireVersion(store: Store, versionId: number): Promise<void> {
  if ((await store.modelVersions.get(versionId)) !== undefined) return
  throw new ServingError('NOT_FOUND', `Can't find modelversion id ${versionId}`)
}
