import type { Store } from '../../store/index.ts'
import { readProgramRuntime } from './program-runtime.ts'
import type { ResolveRuntime } from './resolved-runtime.ts'

/** This program's own runtime, by its own name and by those of the images whose models it runs. */
const BUILT_IN =
  /^(?:(?:docker\.io\/)?hydrosphere\/serving-runtime-python(?:-3(?:\.\d+)?)?|millrace\/runtime)$/

/**
 * Names of the built-in runtime first; then what was registered with a command of its own, the newest registration that
 * has not failed; anything else is an image. Rejects INVALID_ARGUMENT for a registration whose parameters are wrong.
 */
export function createRuntimeCatalogue(store: Store): ResolveRuntime {
  return async ({ name, tag }) => {
    if (isBuiltIn(name)) return { choice: { kind: 'built-in' }, generation: 'G3', environment: {} }
    const finished = await store.runtimes.list({ status: 'Finished' })
    const registered = finished.find(runtime => runtime.name === name && runtime.version === tag)
    return readProgramRuntime(`${name}:${tag}`, registered?.configParams ?? {})
  }
}

export function isBuiltIn(imageName: string): boolean {
  return BUILT_IN.test(imageName)
}
