/** What the server's process holds after a full garbage collection. */
export interface MemoryReport {
  readonly rssBytes: number
  /** Objects of JavaScript, and the buffers and native memory that hang on them. */
  readonly liveBytes: number
  /** Open handles by their kind, such as `TCPSocketWrap`. */
  readonly resources: Readonly<Record<string, number>>
}
