/** Structured logging: a message, and fields for machines. */
export interface Logger {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void
  info(message: string, fields?: Readonly<Record<string, unknown>>): void
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void
  error(message: string, fields?: Readonly<Record<string, unknown>>): void
}

/** Adds to one metric; `labels` must be the names given when it was registered. */
export type RecordValue = (value: number, labels?: Readonly<{ [label: string]: string }>) => void

export interface MetricOptions {
  readonly labels?: readonly string[]
  /** Upper bounds of a histogram's buckets, ascending. */
  readonly buckets?: readonly number[]
}

/**
 * Metrics of a model, exposed under the server's `/metrics` with the labels `model_name` and
 * `model_version`. Registering a name again returns the metric that is there.
 */
export interface ModelMetrics {
  counter(name: string, help: string, options?: MetricOptions): RecordValue
  gauge(name: string, help: string, options?: MetricOptions): RecordValue
  histogram(name: string, help: string, options?: MetricOptions): RecordValue
}

/** What a model can reach while it loads. */
export interface LoadContext {
  /** Aborted when loading takes longer than allowed, or the server stops. */
  readonly signal: AbortSignal
  readonly log: Logger
  readonly metrics: ModelMetrics
}

/** What a model can reach while it predicts. */
export interface RequestContext {
  /** Headers of the HTTP request or metadata of the gRPC call; names in lower case. */
  readonly headers: Readonly<{ [name: string]: string }>
  /** Aborted when the client goes away, the deadline passes or the server stops. Pass it on. */
  readonly signal: AbortSignal
  /** When the answer must be there, in milliseconds since the epoch; Infinity without a limit. */
  readonly deadlineMs: number
  /** Sets a response header (REST) or trailing metadata (gRPC). */
  setHeader(name: string, value: string): void
  readonly log: Logger
  readonly metrics: ModelMetrics
}
