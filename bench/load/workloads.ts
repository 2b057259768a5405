import { type GrpcWorkload, rawWorkload } from './grpc-workload.ts'
import { binaryWorkload, gatewayWorkload, type HttpWorkload, jsonWorkload } from './http-workload.ts'
import { mebibyteTensor, SMALL_TENSOR } from './tensors.ts'

export type Workload =
  | { readonly protocol: 'http'; make(): HttpWorkload }
  | { readonly protocol: 'grpc'; make(): GrpcWorkload }

/** Every request the benchmarks send, by name: a job for the load process is plain JSON. */
export const WORKLOADS = {
  'rest-json-small': { protocol: 'http', make: () => jsonWorkload(SMALL_TENSOR) },
  'rest-json-1mib': { protocol: 'http', make: () => jsonWorkload(mebibyteTensor()) },
  'rest-binary-1mib': { protocol: 'http', make: () => binaryWorkload(mebibyteTensor()) },
  'rest-fixed-cost': { protocol: 'http', make: () => jsonWorkload(SMALL_TENSOR, 'fixed-cost') },
  'rest-fixed-cost-batched': {
    protocol: 'http',
    make: () => jsonWorkload(SMALL_TENSOR, 'fixed-cost-batched'),
  },
  'rest-cpu-bound': { protocol: 'http', make: () => jsonWorkload(SMALL_TENSOR, 'cpu-bound') },
  'gateway-echo': { protocol: 'http', make: () => gatewayWorkload(SMALL_TENSOR, 'echo') },
  'gateway-chain': { protocol: 'http', make: () => gatewayWorkload(SMALL_TENSOR, 'chain') },
  'grpc-raw-small': { protocol: 'grpc', make: () => rawWorkload(SMALL_TENSOR) },
  'grpc-raw-1mib': { protocol: 'grpc', make: () => rawWorkload(mebibyteTensor()) },
} as const satisfies Record<string, Workload>

export type WorkloadName = keyof typeof WORKLOADS
