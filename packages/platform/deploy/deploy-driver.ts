import type { HydrosphereGeneration } from '@millrace/sdk/protocol'

/** What a runtime speaks on its port. */
export type RuntimeProtocol = HydrosphereGeneration | 'V2'

/** How a servable's runtime is started. Drivers say which kinds they can run. */
export type RuntimeChoice =
  /** `millrace runtime` of this program, for models in TypeScript, JavaScript and Python and for model files. */
  | { readonly kind: 'built-in' }
  /** A program of this machine that serves on `APP_PORT`. */
  | {
      readonly kind: 'program'
      readonly command: readonly [program: string, ...args: string[]]
      /** Absolute, or from the model's `files`, which is the default. */
      readonly workingFolder?: string | undefined
      /** `undefined`: what it answers tells. */
      readonly protocol?: RuntimeProtocol | undefined
    }
  /** A container image. */
  | { readonly kind: 'image'; readonly image: string; readonly protocol?: RuntimeProtocol | undefined }

/** What is to run: one model version, as often as `replicas` says. */
export interface ServableSpec {
  /** Full name, such as `scaler-1-quiet-river`; the same after a restart of the control plane. */
  readonly name: string
  readonly modelName: string
  readonly modelVersion: number
  /** Absolute path of a folder with `contract.protobin` and `files/`, as a container has at `/model`. Never written to. */
  readonly modelFolder: string
  readonly runtime: RuntimeChoice
  /** At least 1. */
  readonly replicas: number
  /** Variables of the deployment configuration; `APP_PORT` and `MODEL_DIR` are the driver's to say. */
  readonly environment: Readonly<Record<string, string>>
  readonly limits: { readonly memoryBytes?: number | undefined; readonly cpus?: number | undefined }
  /** It is never stopped for the memory of others. Default: false. */
  readonly isPinned?: boolean | undefined
}

/** As the manager's API names them. */
export type ServableState = 'Starting' | 'Serving' | 'NotServing' | 'NotAvailable'

export interface ServableStatus {
  readonly state: ServableState
  /** Why, for people: the last lines of its log where it has failed; `null` if there is nothing to say. */
  readonly message: string | null
}

/** One running copy of a servable that answers requests. */
export interface Replica {
  /** Different for every start. */
  readonly id: string
  /** `127.0.0.1:41235`, or `unix:/path`. */
  readonly address: string
  readonly protocol: RuntimeProtocol
}

/** A servable that the driver keeps running until it is stopped. */
export interface Deployment {
  readonly spec: ServableSpec
  readonly status: ServableStatus
  /** Those that are ready now. A new array for every change. */
  readonly replicas: readonly Replica[]
  /** It has no replicas now, and the next request has it started. Default: false. */
  readonly isAsleep?: boolean
  /** Called after each change of status or replicas; returns how to stop that. */
  onChange(listener: () => void): () => void
  /** Lines of all replicas, oldest first as far as they are kept; with `follow` also those to come, until `signal`. */
  logs(options: { readonly follow: boolean; readonly signal?: AbortSignal }): AsyncIterable<string>
  /** Takes the replicas out of `replicas`, lets them finish for `graceMs`, and ends them; nothing of them is kept. Idempotent. */
  stop(graceMs: number): Promise<void>
}

/** A servable that can be stopped for a while, in which it takes no memory. Its name, log and files stay. */
export interface SleepingDeployment extends Deployment {
  /**
   * Starts its replicas if they do not run. Resolves when all are ready; rejects with why not (UNAVAILABLE) when one of them
   * has come to its end before. They are then started again and again until it sleeps or is stopped.
   */
  wake(): Promise<void>
  /**
   * Takes the replicas out of `replicas`, and ends them when `idle` has settled: they have `graceMs` for that. Settles when
   * their memory is free.
   */
  sleep(idle: Promise<unknown>, graceMs: number): Promise<void>
  /** Memory that its replicas have in use now, with all that they have started; 0 where nobody tells. */
  usedBytes(): Promise<number>
}

/** Runs servables: as processes of this machine, in a container engine, on Kubernetes. */
export interface DeployDriver {
  /**
   * @throws ServingError UNIMPLEMENTED for a kind of runtime that the driver cannot run, INVALID_ARGUMENT for a spec that
   * cannot be, ALREADY_EXISTS for a name that it runs or has not finished stopping, UNAVAILABLE once it is closed
   */
  deploy(spec: ServableSpec): Deployment
  /**
   * As `deploy`, and nothing runs before it is woken. Not there in a driver whose servables cannot be stopped for a while.
   * @throws as `deploy`
   */
  deployAsleep?(spec: ServableSpec): SleepingDeployment
  /** Ends what an earlier life of the control plane left running; called once, before the first deployment. */
  cleanUp(): Promise<void>
  /** Stops every deployment, as before the same ones run again in the next life: logs are kept. Idempotent. */
  close(graceMs: number): Promise<void>
}
