import type { Contestant } from '../contestants/contestant.ts'

/** Servers that are started again and again, and left alone. */
export interface StartScenario {
  readonly kind: 'start'
  readonly name: string
  readonly title: string
  readonly entries: readonly StartEntry[]
}

export interface StartEntry {
  readonly contestant: Contestant
  /** Upper limits; `null` when the figure is only of interest. */
  readonly maxResidentBytes: number | null
  readonly maxStartMs: number | null
}

export interface StartScenarioResult {
  readonly kind: 'start'
  readonly name: string
  readonly title: string
  readonly rows: readonly StartRow[]
}

export type StartRow = {
  readonly label: string
  readonly maxResidentBytes: number | null
  readonly maxStartMs: number | null
} & ({ readonly starts: readonly StartResult[] } | { readonly skipped: string } | { readonly failed: string })

export interface StartResult {
  readonly startToReadyMs: number
  readonly residentBytes: number
}
