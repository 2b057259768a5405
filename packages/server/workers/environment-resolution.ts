import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const PACKAGE = /^(?:@[\w.~-]+\/)?[\w~-][\w.~-]*(?:\/|$)/

/**
 * Has packages that models name looked for in an environment's `node_modules` before anywhere else, for
 * the rest of this thread or process. What packages import themselves stays with them.
 */
export function preferEnvironment(folder: string): void {
  const parentURL = pathToFileURL(join(folder, 'model.js')).href
  registerHooks({
    resolve(specifier, context, next) {
      if (!PACKAGE.test(specifier) || context.parentURL?.includes('/node_modules/') === true) {
        return next(specifier, context)
      }
      const ownURL = context.parentURL
      try {
        return next(specifier, { ...context, parentURL })
      } catch (error) {
        if (!isNotFound(error)) throw error
        // Said again, because the resolver keeps what it was told last.
        return next(specifier, { ...context, parentURL: ownURL })
      }
    },
  })
}

/** `import` and `require` say it differently. */
function isNotFound(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false
  return error.code === 'ERR_MODULE_NOT_FOUND' || error.code === 'MODULE_NOT_FOUND'
}
