/** A record of the input topic, as the broker gave it. */
export interface InputRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  readonly key: Buffer | undefined
  /** Undefined for a tombstone. */
  readonly value: Buffer | undefined
  /** In the order of the record; a name may be there more than once. */
  readonly headers: readonly RawHeader[]
}

export type RawHeader = readonly [name: Buffer | undefined, value: Buffer | undefined]

/** A record to produce. */
export interface OutputRecord {
  readonly topic: string
  readonly key: Buffer | undefined
  readonly value: Buffer | undefined
  readonly headers: ReadonlyMap<Buffer, Buffer>
}

/**
 * Hands a record to the broker and settles when all replicas in sync have it: with false if it is larger than its
 * topic takes. Rejects when the broker cannot be reached or refuses, which ends the connection.
 */
export type Produce = (record: OutputRecord) => Promise<boolean>

/** Bytes that a record holds in memory. */
export function sizeOf({ key, value, headers }: InputRecord): number {
  return headers.reduce(
    (total, [name, text]) => total + (name?.length ?? 0) + (text?.length ?? 0),
    (key?.length ?? 0) + (value?.length ?? 0),
  )
}
