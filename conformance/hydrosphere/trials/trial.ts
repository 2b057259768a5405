import { parseArgs } from 'node:util'

/** How much a trial does. */
export interface TrialSize {
  /** The short form, for every run of the checks. */
  readonly isShort: boolean
  /** Of trials that repeat something. */
  readonly rounds: number
  /** From 0 up to 1; the same for the same seed. */
  readonly random: () => number
  /** Prints how far it is: a long trial that is ended early has then said something. */
  readonly tell: (line: string) => void
  /** Aborted when whoever runs it has had enough: it stops after the round, and returns what it has found. */
  readonly interrupted: AbortSignal
}

/** Returns what it has found, a line each. Rejects when a promise of the platform is broken. */
export type Trial = (size: TrialSize) => Promise<readonly string[]>

const SHORT_ROUNDS = 4
const ROUNDS = 20

export const HELP = `Trials of the platform under strain, with real processes and kills.

  npm run trials -- [--short] [--rounds 20] [--seed N] [--only NAME]

  --short       a few rounds of each, for every run of the checks
  --rounds N    how often trials that repeat something do it; default: 20
  --seed N      the same seed chooses the same moments. Default: another one each time
  --only NAME   one trial: shares, killed-servables, slow-shadow, long-lists or crashes
  --help        prints this

Prints what each has found; the exit code is 1 if a promise was broken. The first Ctrl-C ends the trial after its round.
`

/**
 * What the command line says, or `undefined` where it asks for help.
 * @throws Error for flags that are none
 */
export function trialFlags(
  args: readonly string[],
):
  | (Omit<TrialSize, 'tell' | 'interrupted'> & { readonly only: string | undefined; readonly seed: number })
  | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      short: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      seed: { type: 'string' },
      only: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return undefined
  const seed =
    values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : wholeNumber('seed', values.seed)
  const rounds = values.rounds === undefined ? undefined : wholeNumber('rounds', values.rounds)
  return {
    isShort: values.short,
    rounds: rounds ?? (values.short ? SHORT_ROUNDS : ROUNDS),
    random: randomOf(seed),
    seed,
    only: values.only,
  }
}

function wholeNumber(name: string, text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new Error(`--${name} ${text} is no whole number`)
  return Number(text)
}

/** A small generator of the xorshift family: good enough to choose moments by. */
function randomOf(seed: number): () => number {
  let state = (seed ^ 0x9e_37_79_b9) >>> 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state / 2 ** 32
  }
}

/** `fraction` of 1 is the largest. */
export function quantile(values: readonly number[], fraction: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? Number.NaN
}
