import { ServingError } from '@millrace/sdk'

export interface ImplementationText {
  /** A path (`./model.ts`) or a package (`@scope/pkg`, `pkg/sub`). */
  readonly module: string
  /** `default` if the text names no export. */
  readonly exportName: string
  /** True for a path, which is taken from the folder of the settings file. */
  readonly isPath: boolean
}

/** Runtimes that a word of their own stands for. */
export const RUNTIME_ALIASES: ReadonlyMap<string, string> = new Map([['onnx', '@millrace/onnx:OnnxModel']])

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u

/**
 * Reads `implementation`: `./model.ts:Sum`, `pkg:Export`, `@scope/pkg:Export`, each without `:Export`
 * for the default export, or the alias of a runtime.
 * @throws ServingError INVALID_ARGUMENT saying what forms there are
 */
export function parseImplementation(text: string): ImplementationText {
  const full = RUNTIME_ALIASES.get(text) ?? text
  const colon = full.lastIndexOf(':')
  const module = colon === -1 ? full : full.slice(0, colon)
  const exportName = colon === -1 ? 'default' : full.slice(colon + 1)
  if (module === '' || module.includes('\0') || !IDENTIFIER.test(exportName)) {
    const aliases = [...RUNTIME_ALIASES.keys()].join(', ')
    throw new ServingError(
      'INVALID_ARGUMENT',
      `implementation ${JSON.stringify(text)} cannot be read; write a file and its export (./model.ts:Sum), ` +
        `a package and its export (package:Export), or a runtime: ${aliases}`,
    )
  }
  return { module, exportName, isPath: /^(?:\.{0,2}\/)/.test(module) }
}

/** True for text like `sum_model.SumModel`, which is how MLServer names Python classes. */
export function looksLikePythonClass(text: string): boolean {
  return /^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+$/.test(text)
}
