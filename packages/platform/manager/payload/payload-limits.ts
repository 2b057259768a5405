/** What a payload may be. */
export interface PayloadArchiveLimits {
  /** Of the archive as it is uploaded. */
  readonly uploadBytesMax: number
  /** Of all files together. */
  readonly unpackedBytesMax: number
  /** Files, folders and links. */
  readonly entriesMax: number
}

export const PAYLOAD_LIMITS: PayloadArchiveLimits = {
  uploadBytesMax: 8 * 1024 ** 3,
  unpackedBytesMax: 32 * 1024 ** 3,
  entriesMax: 100_000,
}
