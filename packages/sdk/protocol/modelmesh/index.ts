export { checkIdPath, type IdPath, readId, writeId } from './id-path.ts'

/** Messages and services of ModelMesh. Loaded at the first call, as few servers stand in a mesh. */
export const loadModelMesh = () => import('./messages.ts')
