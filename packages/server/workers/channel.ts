/**
 * A way to one worker and back. A message is plain structured data (whatever the structured clone
 * algorithm takes) and blocks of bytes beside it, which are never cloned.
 */
export interface Channel {
  /**
   * True if blocks change hands: the memory behind them is gone once they are sent. Otherwise they must
   * stay as they are until they have been written.
   */
  readonly isTransferring: boolean
  /** @throws what cannot be cloned, a `DataCloneError`; nothing has been sent then */
  send(message: object, blocks: readonly Uint8Array<ArrayBuffer>[]): void
  /** Says who gets the messages; called once, before the first can come. */
  listen(listener: ChannelListener): void
}

export interface ChannelListener {
  readonly message: (message: unknown, blocks: readonly Uint8Array<ArrayBuffer>[]) => void
  /** The other side has gone, or what came from it cannot be read. */
  readonly closed: (problem: Error | undefined) => void
}
