import type { Findings } from './findings.ts'
import type { Target } from './target/target.ts'

/** One question to a server, and what is expected of the answer. */
export interface Check {
  /** Unique, such as `REST-8`. */
  readonly id: string
  /** Which entry of which list it is about, such as `mlserver §24.8`. */
  readonly reference: string
  readonly title: string
  /** Asks, and writes down what does not fit. What it throws is written down too. */
  readonly run: (target: Target, see: Findings) => Promise<void>
  /** It starts servers of its own, and so needs a launcher. */
  readonly isLaunching?: true
  /** It changes the server that all share, such as by an unload: nothing else may run meanwhile. */
  readonly isExclusive?: true
  /** What Millrace has yet to get; the check may fail there until then. */
  readonly pending?: string
  /** Where Millrace does otherwise than MLServer on purpose, and why. */
  readonly deviation?: string
}

/** What came of a check against one server. */
export interface Outcome {
  readonly result: 'pass' | 'fail' | 'not run'
  /** One line: what was seen. */
  readonly seen: string
}
