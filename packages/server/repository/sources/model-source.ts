import type { StorageAccess } from './storage-access.ts'

/** A kind of place that models come from: an object store, a web server, a registry. */
export interface ModelSource {
  /**
   * What a URI stands for now. Nothing is downloaded yet.
   * @param access of the place; default: as the environment says
   * @throws ServingError UNAVAILABLE for what may work the next time, FAILED_PRECONDITION for what will
   * not, INVALID_ARGUMENT for a URI that cannot be read
   */
  list(uri: string, signal: AbortSignal, access?: StorageAccess): Promise<RemoteArtefact>
}

export interface RemoteArtefact {
  readonly files: readonly RemoteFile[]
  /** False if the URI names one file; a model then gets the path of that file instead of its folder's. */
  readonly isFolder: boolean
}

export interface RemoteFile {
  /** Where it goes in the folder, as the source has it: not checked yet. */
  readonly path: string
  /** Changes whenever the content does (an ETag, a digest); undefined if the source cannot tell. */
  readonly identity: string | undefined
  /** What the source announces; the download counts for itself. */
  readonly sizeBytes: number | undefined
  /** In hexadecimal; what was downloaded must have it. */
  readonly sha256: string | undefined
  /** True for a tar archive, which is unpacked into the folder in place of the file itself. */
  readonly isArchive: boolean
  /** Its bytes from `offsetBytes` on, or from the beginning if the source cannot start there. */
  open(offsetBytes: number, signal: AbortSignal): Promise<OpenedFile>
}

export interface OpenedFile {
  /** Where the bytes begin: what was asked for, or 0. */
  readonly offsetBytes: number
  /** Of the whole file; undefined if the source does not say. */
  readonly totalBytes: number | undefined
  readonly chunks: AsyncIterable<Uint8Array>
}
