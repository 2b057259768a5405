import { resolve } from 'node:path'

/** A model repository that was named outside the settings. */
export interface NamedRepository {
  /** An absolute path, or a URI. */
  readonly root: string
  /** `folder argument`, or `environment MLSERVER_MODELS_DIR`. */
  readonly origin: string
  readonly isArgument: boolean
}

const VARIABLES = ['MILLRACE_MODELS_DIR', 'MLSERVER_MODELS_DIR'] as const

/**
 * The repository of the command line, else that of `MLSERVER_MODELS_DIR`, as images set it; undefined if neither names one.
 * An argument that still is the variable's name counts as none: a container's command without a shell leaves it so.
 */
export function namedRepository(
  argument: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): NamedRepository | undefined {
  const isUnexpanded = /^\$\{?(?:MLSERVER|MILLRACE)_MODELS_DIR\}?$/.test(argument ?? '')
  if (argument && !isUnexpanded) {
    return { root: place(argument), origin: 'folder argument', isArgument: true }
  }
  for (const variable of VARIABLES) {
    const value = environment[variable]
    if (value) return { root: place(value), origin: `environment ${variable}`, isArgument: false }
  }
  return undefined
}

/** Two letters at least make a scheme: `c:` is a drive. */
export function isUri(root: string): boolean {
  return /^[a-z][a-z\d+.-]+:\/\//i.test(root)
}

function place(root: string): string {
  return isUri(root) ? root : resolve(root)
}
