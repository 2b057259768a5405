import { ServingError } from '@millrace/sdk'
import { formatPlace, type Place } from './place.ts'

/** Shown at most; somebody who sees so many has another kind of mistake. */
const SHOWN_MAX = 50

/** Collects what is wrong with a file, so that all of it is told at once. */
export interface Problems {
  add(place: Place, path: string, message: string): void
  /** Something that has no effect, but does no harm. */
  warn(place: Place, path: string, message: string): void
  readonly warnings: readonly string[]
  readonly count: number
  /** @throws ServingError INVALID_ARGUMENT naming every problem, a line each, if there is one */
  throwIfAny(): void
}

export function createProblems(): Problems {
  const problems: string[] = []
  const warnings: string[] = []
  return {
    add(place, path, message) {
      problems.push(line(place, path, message))
    },
    warn(place, path, message) {
      warnings.push(line(place, path, message))
    },
    warnings,
    get count() {
      return problems.length
    },
    throwIfAny() {
      if (problems.length === 0) return
      const shown = problems.slice(0, SHOWN_MAX)
      if (problems.length > SHOWN_MAX) shown.push(`… and ${problems.length - SHOWN_MAX} more`)
      throw new ServingError('INVALID_ARGUMENT', shown.join('\n'))
    },
  }
}

/** A value as a message shows it: short. */
export function shown(value: unknown): string {
  const text = typeof value === 'string' ? `'${value}'` : String(value)
  return text.length > 80 ? `${text.slice(0, 77)}…` : text
}

function line(place: Place, path: string, message: string): string {
  return `${formatPlace(place)}: ${path === '' ? '' : `${path}: `}${message}`
}
