import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/**
 * The URL of a package's module as Node.js resolves it for a file in one of `folders`, the first that
 * has the package; undefined if none has it. Export conditions count, those of the command line too.
 * @throws what Node.js throws for a package that is there and does not offer this module
 */
export function resolvePackage(specifier: string, folders: readonly string[]): string | undefined {
  const parents = [...folders.map(folder => pathToFileURL(join(folder, 'model.js')).href), import.meta.url]
  for (const parent of parents) {
    try {
      return resolveFrom(specifier, parent)
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }
  return undefined
}

/**
 * `import.meta.resolve` for another file. Its second argument needs a flag of Node.js, and
 * `createRequire` does not see what a package exports to `import` alone. A hook that lives for this
 * one synchronous call gives the resolver another parent; no other import can run meanwhile.
 */
function resolveFrom(specifier: string, parentURL: string): string {
  const hooks = registerHooks({
    resolve: (text, context, next) => next(text, { ...context, parentURL }),
  })
  try {
    return import.meta.resolve(specifier)
  } finally {
    hooks.deregister()
  }
}

function isNotFound(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND'
}
