import type { Shape } from '@millrace/sdk'
import type { ClientProtocol } from '../open-client.ts'

/** What the command line of `millrace bench` says. */
export interface BenchFlags {
  readonly modelVersion?: string
  readonly url?: string
  /** Host and port of the gRPC door. */
  readonly grpc?: string
  readonly protocol?: ClientProtocol
  readonly concurrency?: readonly number[]
  /** Calls a second. */
  readonly rate?: readonly number[]
  /** Seconds. */
  readonly duration: number
  /** Seconds. */
  readonly warmup: number
  /** Seconds. */
  readonly timeout: number
  readonly connections?: number
  readonly shape: ReadonlyMap<string, Shape>
  readonly data?: string
  readonly seed: number
  readonly header: Readonly<Record<string, string>>
  readonly insecure?: true
  readonly output?: 'table' | 'json' | 'csv'
  readonly file?: string
}
