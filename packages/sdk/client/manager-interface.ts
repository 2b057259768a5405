import type { HttpCallerOptions } from './http-caller.ts'
import type { CallOptions } from './inference-client.ts'
import type {
  NewApplication,
  NewExternalVersion,
  NewMetricSpecification,
  NewModelVersion,
  NewServable,
} from './manager-requests.ts'
import type { BuildLogLine, EventSubscription } from './manager-streams.ts'
import type {
  ApplicationView,
  DeploymentConfigurationView,
  MetricSpecificationView,
  ModelVersionView,
  ModelView,
  RuntimeView,
  ServableView,
  TrainingDataView,
} from './manager-views.ts'

export interface ManagerClientOptions extends HttpCallerOptions {}

export interface UploadOptions extends CallOptions {
  /** Told after each piece of the payload that was handed over how many bytes that makes. */
  readonly onProgress?: ((sentBytes: number) => void) | undefined
}

/**
 * Asks a manager: the platform's models, versions, servables and applications.
 *
 * Every method rejects with a `ServingError`: what the server refused with its text and NOT_FOUND, INVALID_ARGUMENT and the
 * like; UNAVAILABLE for a server that cannot be reached or broke off, DEADLINE_EXCEEDED for one that was silent for
 * `timeoutMs`, CANCELLED for a call that was withdrawn, INTERNAL for an answer that is none. Deletions resolve with what was
 * deleted. Leaving the loop of a stream withdraws it.
 */
export interface ManagerClient {
  /** Name and version of what runs there, and whatever else it says. */
  readonly buildInfo: (options?: CallOptions) => Promise<Readonly<Record<string, unknown>>>
  readonly models: {
    readonly list: (options?: CallOptions) => Promise<readonly ModelView[]>
    /** With all its versions. */
    readonly delete: (id: number, options?: CallOptions) => Promise<ModelView>
  }
  readonly versions: {
    readonly list: (options?: CallOptions) => Promise<readonly ModelVersionView[]>
    readonly get: (modelName: string, version: number, options?: CallOptions) => Promise<ModelVersionView>
    /**
     * Sends a gzipped tar as it comes; resolves when its build has begun. The timeout is for what comes next, not for
     * the whole.
     */
    readonly upload: (
      version: NewModelVersion,
      payload: AsyncIterable<Uint8Array>,
      options?: UploadOptions,
    ) => Promise<ModelVersionView>
    readonly registerExternal: (
      version: NewExternalVersion,
      options?: CallOptions,
    ) => Promise<ModelVersionView>
    /** Its lines from the first, as they are written, until the build has ended. */
    readonly buildLog: (versionId: number, options?: CallOptions) => AsyncIterable<BuildLogLine>
    /** CSV. Rejects UNIMPLEMENTED or NOT_FOUND where the server has no monitoring. */
    readonly uploadTrainingData: (
      versionId: number,
      csv: AsyncIterable<Uint8Array>,
      options?: CallOptions,
    ) => Promise<void>
    /** Names a file that the server is to read: `s3://bucket/key.csv`. */
    readonly nameTrainingData: (versionId: number, uri: string, options?: CallOptions) => Promise<void>
    /**
     * Asks how the training data is that was handed in last. With `waitMs` the server may wait so long, a minute at most,
     * until it is processed; some servers answer at once all the same.
     */
    readonly trainingDataStatus: (
      versionId: number,
      options?: CallOptions & { readonly waitMs?: number | undefined },
    ) => Promise<TrainingDataView>
  }
  readonly servables: {
    readonly list: (options?: CallOptions) => Promise<readonly ServableView[]>
    readonly get: (fullName: string, options?: CallOptions) => Promise<ServableView>
    /** Resolves before it serves. */
    readonly create: (servable: NewServable, options?: CallOptions) => Promise<ServableView>
    readonly delete: (fullName: string, options?: CallOptions) => Promise<ServableView>
    /** The lines that are there; with `isFollowed` also those to come. */
    readonly logs: (
      fullName: string,
      options?: CallOptions & { readonly isFollowed?: boolean | undefined },
    ) => AsyncIterable<string>
  }
  readonly applications: {
    readonly list: (options?: CallOptions) => Promise<readonly ApplicationView[]>
    readonly get: (name: string, options?: CallOptions) => Promise<ApplicationView>
    /** Resolves before it is ready. */
    readonly create: (application: NewApplication, options?: CallOptions) => Promise<ApplicationView>
    readonly update: (
      id: number,
      application: NewApplication,
      options?: CallOptions,
    ) => Promise<ApplicationView>
    readonly delete: (name: string, options?: CallOptions) => Promise<ApplicationView>
  }
  readonly deploymentConfigurations: {
    readonly list: (options?: CallOptions) => Promise<readonly DeploymentConfigurationView[]>
    readonly get: (name: string, options?: CallOptions) => Promise<DeploymentConfigurationView>
    readonly create: (
      configuration: DeploymentConfigurationView,
      options?: CallOptions,
    ) => Promise<DeploymentConfigurationView>
    readonly delete: (name: string, options?: CallOptions) => Promise<DeploymentConfigurationView>
  }
  readonly metricSpecifications: {
    readonly list: (options?: CallOptions) => Promise<readonly MetricSpecificationView[]>
    readonly ofVersion: (
      versionId: number,
      options?: CallOptions,
    ) => Promise<readonly MetricSpecificationView[]>
    readonly create: (
      specification: NewMetricSpecification,
      options?: CallOptions,
    ) => Promise<MetricSpecificationView>
    readonly delete: (id: string, options?: CallOptions) => Promise<MetricSpecificationView>
  }
  readonly runtimes: {
    /** Those that were registered. */
    readonly list: (options?: CallOptions) => Promise<readonly RuntimeView[]>
  }
  /**
   * Resolves when whatever changes from now on will be told: read the present state then. Nothing that was before is told
   * again.
   */
  readonly subscribe: (options?: CallOptions) => Promise<EventSubscription>
  /**
   * Asks an application, or one servable, over the gateway. JSON text in and out: numbers keep all their digits.
   */
  readonly predict: (
    target: { readonly application: string } | { readonly servable: string },
    json: string,
    options?: CallOptions,
  ) => Promise<string>
  /** Lets running calls finish and closes the connections. Idempotent. */
  readonly close: () => Promise<void>
}
