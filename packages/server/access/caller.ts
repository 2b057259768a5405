import type { Scope } from './scope.ts'

/** Who sent a request, once that has been verified. */
export interface Caller {
  /** `key ci` or `token alice`: no two callers have the same. */
  readonly name: string
  readonly scopes: ReadonlySet<Scope>
}
