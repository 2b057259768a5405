import { setTimeout as delay } from 'node:timers/promises'
import { ServingError } from '@millrace/sdk'
import { Random } from '../../fuzz/inputs/random.ts'
import type { Ports } from '../../fuzz/wire/client.ts'
import { answerFault } from './answer-fault.ts'
import { DOORS, type Door } from './doors.ts'
import type { Outages } from './outages.ts'
import { makeQuestion, type Question } from './question.ts'

/** Something that must not be. */
export interface Finding {
  readonly complaint: string
  readonly lane: number
  readonly door: string
  readonly question: Question
}

/** What has come of the questions so far. */
export interface Tally {
  killedCount: number
  absentCount: number
  /** Right answers by the model's name and the door's. */
  readonly right: Map<string, number>
}

interface LaneOptions {
  readonly ports: Ports
  readonly seed: number
  readonly laneCount: number
  readonly outages: Outages
  readonly tally: Tally
  readonly onFinding: (finding: Finding) => void
  /** Every lane ends after the question that it is asking when this aborts. */
  readonly signal: AbortSignal
}

/** After so many questions a lane comes with new connections. */
const QUESTIONS_PER_CONNECTION = 150
/** The load is mixed, not full: kills and reloads are to meet many kinds of requests, on slow machines too. */
const LONGEST_PAUSE_MS = 40

/** Asks on all lanes until the signal; each lane asks one question after the other, through one door. */
export async function runLanes(options: LaneOptions): Promise<void> {
  await Promise.all(Array.from({ length: options.laneCount }, (_, lane) => runLane(lane, options)))
}

async function runLane(lane: number, options: LaneOptions): Promise<void> {
  const { ports, seed, signal } = options
  const names = Object.keys(DOORS)
  const doorName = names[lane % names.length]!
  const random = new Random(seed, 'lane', lane)
  let count = 0
  while (!signal.aborted) {
    const door = DOORS[doorName]!(ports)
    try {
      do {
        const question = makeQuestion(random, `${lane}-${count++}`)
        const complaint = await ask(question, door, doorName, lane, options)
        if (complaint !== undefined) options.onFinding({ complaint, lane, door: doorName, question })
        await delay(random.below(LONGEST_PAUSE_MS))
      } while (!signal.aborted && count % QUESTIONS_PER_CONNECTION !== 0)
    } finally {
      await door.close()
    }
  }
}

/** What is wrong with how a question was answered. */
async function ask(
  question: Question,
  door: Door,
  doorName: string,
  lane: number,
  { outages, tally }: LaneOptions,
): Promise<string | undefined> {
  const { modelName } = question.request
  const startedMs = performance.now()
  try {
    const responses = await door.ask(question)
    const fault = answerFault(question, responses)
    if (fault !== undefined) return fault
    const kind = `${modelName} ${doorName}`
    tally.right.set(kind, (tally.right.get(kind) ?? 0) + 1)
    return undefined
  } catch (error) {
    if (!ServingError.is(error)) return `the answer could not be understood: ${String(error)}`
    const { code, message: text } = error
    const endedMs = performance.now()
    const { isInWorker } = question
    const excuse = outages.excuse({ lane, modelName, isInWorker, code, text, startedMs, endedMs })
    if (excuse === 'killed') tally.killedCount++
    else if (excuse === 'absent') tally.absentCount++
    else return `${code} after ${Math.round(endedMs - startedMs)} ms: ${text}`
    return undefined
  }
}
