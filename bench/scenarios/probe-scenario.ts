/** A program that compares things in a process of its own and prints its figures. */
export interface ProbeScenario {
  readonly kind: 'probe'
  /** For `--only`. */
  readonly name: string
  readonly title: string
  /** A file of `probes/`: it prints one line of JSON, numbers by the names in `figures`. */
  readonly program: string
  /** Processors the program may use. */
  readonly cores: 'one' | 'all'
  readonly figures: readonly ProbeFigure[]
}

export interface ProbeFigure {
  readonly name: string
  /** What it says, in words. */
  readonly what: string
  readonly unit: '×' | 'µs' | 'ms' | 'MB/s' | 'requests/s' | ''
  /** What the figure should reach, or stay below; neither when it is only of interest. */
  readonly atLeast?: number
  readonly atMost?: number
}

export interface ProbeScenarioResult {
  readonly kind: 'probe'
  readonly name: string
  readonly title: string
  readonly rows: readonly ProbeRow[]
}

export type ProbeRow = ProbeFigure & { readonly label: string } & (
    | { readonly values: readonly number[] }
    | { readonly failed: string }
  )
