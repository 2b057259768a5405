import {
  containerResources,
  DEBUG_VARIABLES,
  joinVariables,
  metadataOf,
  type RuntimeOptions,
} from './runtime-options.ts'
import type { ServingRuntime } from './serving-runtime.ts'

export interface KServeRuntimeOptions extends RuntimeOptions {
  /** What the pod's one port speaks. */
  readonly protocol: 'v2' | 'grpc-v2'
}

const REST_PORT = 8080
const GRPC_PORT = 8081

/**
 * A runtime of KServe's single-model serving: one model in each pod, which KServe puts at `/mnt/models`. It names the model
 * with variables of its own (`MLSERVER_MODEL_NAME`, `MLSERVER_MODEL_URI`) only for servers that it knows, so this does it.
 */
export function kserveRuntime(options: KServeRuntimeOptions): ServingRuntime {
  const { image, command, implementation, environment = [], isDebugging, replicas } = options
  const isGrpc = options.protocol === 'grpc-v2'
  // Over REST whatever else the pod's port speaks: the REST port is there in any case.
  const health = (path: string) => ({ httpGet: { path, port: REST_PORT } })
  return {
    apiVersion: 'serving.kserve.io/v1alpha1',
    kind: options.isForCluster === true ? 'ClusterServingRuntime' : 'ServingRuntime',
    metadata: metadataOf(options),
    spec: {
      supportedModelFormats: options.formats,
      protocolVersions: [options.protocol],
      multiModel: false,
      ...(replicas === undefined ? {} : { replicas }),
      containers: [
        {
          name: 'kserve-container',
          image,
          ...(command === undefined ? {} : { command }),
          env: joinVariables(
            [
              { name: 'MLSERVER_MODELS_DIR', value: '/mnt/models' },
              { name: 'MLSERVER_HTTP_PORT', value: String(REST_PORT) },
              { name: 'MLSERVER_GRPC_PORT', value: String(GRPC_PORT) },
              // Pods are reached from outside of themselves; what protects them is the cluster's network.
              { name: 'MLSERVER_HOST', value: '0.0.0.0' },
              { name: 'MLSERVER_MODEL_NAME', value: '{{.Name}}' },
              { name: 'MLSERVER_MODEL_URI', value: '/mnt/models' },
            ],
            implementation === undefined
              ? []
              : [{ name: 'MLSERVER_MODEL_IMPLEMENTATION', value: implementation }],
            isDebugging === true ? DEBUG_VARIABLES : [],
            environment,
          ),
          ports: [
            isGrpc
              ? { name: 'h2c', containerPort: GRPC_PORT, protocol: 'TCP' }
              : { containerPort: REST_PORT, protocol: 'TCP' },
          ],
          startupProbe: { ...health('/v2/health/ready'), periodSeconds: 2, failureThreshold: 150 },
          readinessProbe: { ...health('/v2/health/ready'), periodSeconds: 5 },
          livenessProbe: { ...health('/v2/health/live'), periodSeconds: 10, failureThreshold: 3 },
          resources: containerResources(options.resources),
          securityContext: {
            allowPrivilegeEscalation: false,
            runAsNonRoot: true,
            // Kubernetes cannot tell of a user with a name that it is not root.
            runAsUser: 1000,
            capabilities: { drop: ['ALL'] },
          },
        },
      ],
    },
  }
}
