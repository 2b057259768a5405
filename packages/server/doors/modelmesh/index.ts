/** ModelMesh: its interface to runtimes, and its own to clients. */

export { type ModelRuntimeOptions, modelRuntimeMethods } from './model-runtime.ts'
export { type OpenMesh, openMesh } from './open-mesh.ts'
export { runtimeFigures } from './runtime-figures.ts'
export { requireSameModel } from './same-model.ts'
