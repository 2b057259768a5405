/** A variable of a container; `valueFrom` and the like are passed through as they are. */
export interface EnvironmentVariable {
  readonly name: string
  readonly value?: string
  readonly [field: string]: unknown
}

export interface ContainerResources {
  readonly requests?: Readonly<Record<string, string | number>>
  readonly limits?: Readonly<Record<string, string | number>>
}

/** What of a Kubernetes container the rules look at; all else is passed through as it is. */
export interface Container {
  readonly name: string
  readonly image?: string
  readonly command?: readonly string[]
  readonly args?: readonly string[]
  readonly env?: readonly EnvironmentVariable[]
  readonly ports?: readonly {
    readonly containerPort: number
    readonly name?: string
    readonly protocol?: string
  }[]
  readonly resources?: ContainerResources
  readonly [field: string]: unknown
}

export interface ModelFormat {
  readonly name: string
  /** An opaque text; by convention the major version. */
  readonly version?: string
  /** The runtime is chosen for models of this format that name no runtime. */
  readonly autoSelect?: boolean
  /** At least 1; read by KServe's single-model serving alone. */
  readonly priority?: number
}

/** The adapter that ModelMesh runs beside a server it knows. */
export interface BuiltInAdapter {
  readonly serverType: string
  readonly runtimeManagementPort: number
  /** Taken off the container's memory request. */
  readonly memBufferBytes: number
  readonly modelLoadingTimeoutMillis: number
  readonly env?: readonly EnvironmentVariable[]
}

export interface ServingRuntimeSpec {
  readonly supportedModelFormats?: readonly ModelFormat[]
  readonly multiModel?: boolean
  readonly disabled?: boolean
  readonly protocolVersions?: readonly string[]
  /** `port:N` or `unix:/path`: where `mmesh.ModelRuntime` is asked. */
  readonly grpcEndpoint?: string
  /** The same for inference. */
  readonly grpcDataEndpoint?: string
  readonly httpDataEndpoint?: string
  readonly builtInAdapter?: BuiltInAdapter
  readonly storageHelper?: { readonly disabled: boolean }
  readonly replicas?: number
  readonly containers: readonly Container[]
  readonly volumes?: readonly { readonly name: string; readonly [field: string]: unknown }[]
  readonly annotations?: Readonly<Record<string, string>>
  readonly labels?: Readonly<Record<string, string>>
  readonly [field: string]: unknown
}

/**
 * How models of some formats are served; `serving.kserve.io/v1alpha1`. The namespaced form hides a cluster's of the same
 * name.
 */
export interface ServingRuntime {
  readonly apiVersion: 'serving.kserve.io/v1alpha1'
  readonly kind: 'ServingRuntime' | 'ClusterServingRuntime'
  readonly metadata: ObjectMetadata
  readonly spec: ServingRuntimeSpec
}

export interface ObjectMetadata {
  readonly name: string
  readonly namespace?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly [field: string]: unknown
}
