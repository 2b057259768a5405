import type { Readable } from 'node:stream'
import { ServingError } from '@millrace/sdk'
import type { BlobFolder } from './blob-folder.ts'
import { found } from './records.ts'
import type { Scope } from './scope.ts'

/** Bytes that somebody uploaded, by what they are. */
export interface PayloadBlob {
  /** `sha256:` and 64 hexadecimal digits. */
  readonly digest: string
  readonly sizeBytes: number
  readonly created: string
}

export interface PutOptions {
  /** More than this is refused while it comes in. */
  readonly sizeBytesMax: number
  readonly signal?: AbortSignal | undefined
}

/** The bytes lie in a folder, a file each; the rows say which of them are whole. */
export interface PayloadBlobs {
  /**
   * Keeps bytes. They are on the disk when this resolves; the same bytes a second time cost nothing more. Not to be called
   * inside a transaction, which would wait for the upload.
   * Rejects RESOURCE_EXHAUSTED beyond the limit, and with the signal's reason when that is aborted.
   */
  put(bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, options: PutOptions): Promise<PayloadBlob>
  get(digest: string): Promise<PayloadBlob | undefined>
  /** Rejects NOT_FOUND for bytes that are not kept. */
  open(digest: string): Promise<Readable>
  /** The file itself, to be read only. Rejects NOT_FOUND. */
  pathOf(digest: string): Promise<string>
  /**
   * Removes blobs that no version and no training data names and that nobody has put since `usedBefore`, and what uploads
   * have left behind that were broken off before. Returns the digests of those blobs.
   */
  deleteUnused(usedBefore: Date): Promise<readonly string[]>
}

export function createPayloadBlobs(scope: Scope, folder: BlobFolder, now: () => Date): PayloadBlobs {
  const get = (digest: string) =>
    scope.read(async database => {
      const row = await database
        .selectFrom('payload_blobs')
        .selectAll()
        .where('digest', '=', digest)
        .executeTakeFirst()
      if (row === undefined) return undefined
      return { digest: row.digest, sizeBytes: row.size_bytes, created: row.created_at }
    })
  const pathOf = async (digest: string) => folder.pathOf(found(await get(digest), `payload ${digest}`).digest)

  return {
    async put(bytes, { sizeBytesMax, signal }) {
      const written = await folder.write(bytes, sizeBytesMax, signal)
      try {
        await scope.write(async ({ database }) => {
          const time = now().toISOString()
          // The row first: a sweep of the same blob now waits for this transaction, or this one for the sweep.
          await database
            .insertInto('payload_blobs')
            .values({
              digest: written.digest,
              size_bytes: written.sizeBytes,
              created_at: time,
              used_at: time,
            })
            .onConflict(conflict => conflict.column('digest').doUpdateSet({ used_at: time }))
            .execute()
          await written.moveIntoPlace()
        })
      } finally {
        await written.discard()
      }
      return (await get(written.digest))!
    },
    get,
    pathOf,
    open: async digest => folder.open(await pathOf(digest)),
    async deleteUnused(usedBefore) {
      await folder.deleteIncoming(usedBefore)
      const digests = await scope.write(async ({ database }) => {
        const rows = await database
          .deleteFrom('payload_blobs')
          .where('used_at', '<', usedBefore.toISOString())
          .where(eb =>
            eb.not(
              eb.exists(
                eb
                  .selectFrom('model_versions')
                  .select('id')
                  .whereRef('model_versions.payload_digest', '=', 'payload_blobs.digest'),
              ),
            ),
          )
          .where(eb =>
            eb.not(
              eb.exists(
                eb
                  .selectFrom('training_uploads')
                  .select('id')
                  .whereRef('training_uploads.payload_digest', '=', 'payload_blobs.digest'),
              ),
            ),
          )
          .returning('digest')
          .execute()
        return rows.map(({ digest }) => digest)
      })
      // The rows are gone for good before a byte is: a crash in between leaves a file without a row, which a later put takes.
      for (const digest of digests) await deleteFile(scope, folder, digest, now())
      return digests
    },
  }
}

/** Removes the file unless somebody has put the same bytes again meanwhile. */
async function deleteFile(scope: Scope, folder: BlobFolder, digest: string, now: Date): Promise<void> {
  const placeholder = now.toISOString()
  const isBack = new ServingError('ALREADY_EXISTS', 'the payload was put again')
  try {
    await scope.write(async ({ database }) => {
      // A row of its own keeps putters of these bytes waiting; it never gets to be seen.
      const inserted = await database
        .insertInto('payload_blobs')
        .values({ digest, size_bytes: 0, created_at: placeholder, used_at: placeholder })
        .onConflict(conflict => conflict.doNothing())
        .returning('digest')
        .execute()
      if (inserted.length === 0) throw isBack
      await folder.delete(digest)
      await database.deleteFrom('payload_blobs').where('digest', '=', digest).execute()
    })
  } catch (error) {
    if (error !== isBack) throw error
  }
}
