import { type ModelMeshRuntimeOptions, modelMeshRuntime } from './modelmesh-runtime.ts'
import type { ServingRuntime } from './serving-runtime.ts'

/** What the tests make runtimes from. */
export const OPTIONS: ModelMeshRuntimeOptions = {
  name: 'my-runtime',
  image: 'registry.example.com/my-runtime:1',
  formats: [{ name: 'my-format', version: '1', autoSelect: true }],
  implementation: 'custom_model.CustomMLModel',
  command: undefined,
  resources: { cpuRequest: '500m', cpuLimit: '5', memoryRequest: '1Gi', memoryLimit: '1Gi' },
  usesAdapter: true,
  memoryBufferBytes: 134_217_728,
  loadingTimeoutMs: 90_000,
}

/** A runtime that is in order, for a test to change. */
export function soundRuntime(options: Partial<ModelMeshRuntimeOptions> = {}): ServingRuntime {
  return structuredClone(modelMeshRuntime({ ...OPTIONS, ...options }))
}
