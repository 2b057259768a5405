import type { FuzzResult, PhaseResult } from './fuzz-run.ts'
import {
  type GrowthLimit,
  growthOf,
  isBeyond,
  LIVE_LIMIT,
  type MemorySample,
  RSS_LIMIT,
} from './target/memory-growth.ts'

/** Rounds at the start in which code is compiled, caches fill and pools grow: they say nothing about leaks. */
const WARM_UP_SHARE = 1 / 3

export interface Verdict {
  readonly lines: readonly string[]
  readonly passedCount: number
  readonly failedCount: number
}

/** Each phase, the process and its memory either pass or fail. @param stopTrouble what was wrong with how the server stopped */
export function verdictOn(result: FuzzResult, stopTrouble: string | undefined): Verdict {
  const trouble = result.trouble ?? stopTrouble
  const steady = result.samples.slice(Math.ceil(result.samples.length * WARM_UP_SHARE))
  const checks = [
    ...result.phases.map(phaseCheck),
    {
      isGood: trouble === undefined,
      line: `process: ${trouble ?? `${result.goodRequestCount} good requests answered right, silent, stopped when asked`}`,
    },
    memoryCheck('live memory', steady, sample => sample.liveBytes, LIVE_LIMIT),
    memoryCheck('resident memory', steady, sample => sample.rssBytes, RSS_LIMIT),
  ]
  return {
    lines: checks.map(({ isGood, line }) => `${isGood ? 'passed' : 'FAILED'}  ${line}`),
    passedCount: checks.filter(({ isGood }) => isGood).length,
    failedCount: checks.filter(({ isGood }) => !isGood).length,
  }
}

interface Check {
  readonly isGood: boolean
  readonly line: string
}

function phaseCheck({ name, inputCount, outcomes, findingCount }: PhaseResult): Check {
  const answers = Array.from(outcomes)
    .toSorted(([, left], [, right]) => right - left)
    .map(([answer, count]) => `${answer}: ${count}`)
  return {
    isGood: findingCount === 0 && inputCount > 0,
    line: `${name}: ${inputCount} inputs, ${findingCount} findings (${answers.join(', ')})`,
  }
}

function memoryCheck(
  name: string,
  samples: readonly MemorySample[],
  bytesOf: (sample: MemorySample) => number,
  limit: GrowthLimit,
): Check {
  const [first] = samples
  const last = samples.at(-1)
  if (first === undefined || last === undefined || first === last)
    return { isGood: false, line: `${name}: too few samples` }
  const growth = growthOf(samples, bytesOf)
  const line =
    `${name}: ${growth.bytesPerInput.toFixed(1)} bytes an input over ${last.inputCount - first.inputCount} inputs in ${samples.length} samples ` +
    `(${kibibytes(bytesOf(first))} to ${kibibytes(bytesOf(last))}); ` +
    `the limit is ${limit.bytesPerInput} bytes an input, above a noise of ${kibibytes(limit.noiseBytes)}`
  return { isGood: !isBeyond(growth, limit), line }
}

function kibibytes(bytes: number): string {
  return `${Math.round(bytes / 1024)} KiB`
}
