/** What the command line of `millrace infer`, or MLServer's variables for it, say. */
export interface InferFlags {
  /** Host and port, perhaps with a scheme; default by transport. */
  readonly url?: string
  readonly modelName: string
  readonly modelVersion?: string
  /** `-` for standard input. */
  readonly inputDataPath: string
  /** `-` for standard output. */
  readonly outputDataPath: string
  readonly workers: number
  readonly retries: number
  readonly batchSize: number
  readonly binaryData: boolean
  readonly verbose: boolean
  readonly extraVerbose: boolean
  readonly transport: 'rest' | 'grpc'
  readonly requestHeaders: Readonly<Record<string, string>>
  /** Seconds. */
  readonly timeout: number
  /** Seconds. */
  readonly batchInterval: number
  /** Seconds. */
  readonly batchJitter: number
  readonly useSsl: boolean
  readonly insecure: boolean
  readonly resume: boolean
}
