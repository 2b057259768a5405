import type { Random } from '../../fuzz/inputs/random.ts'
import type { Outages } from './outages.ts'
import { everySoOften, paused } from './pauses.ts'
import { ASKED_MODELS } from './question.ts'

interface ReloadOptions {
  readonly restPort: number
  readonly periodMs: number
  readonly random: Random
  readonly outages: Outages
  readonly signal: AbortSignal
  readonly onComplaint: (complaint: string) => void
}

interface ReloadTally {
  reloadCount: number
  unloadCount: number
  /** Loads that a worker's end cut off; the model that was there went on serving. */
  cutOffCount: number
}

/** The one that is also unloaded, and away until it is loaded again. */
const SPARE = 'spare'
/** No lane has this number. */
const LANE = -1

/** Reloads one model after the other through the repository API until the signal. */
export async function reloadEvery(options: ReloadOptions): Promise<ReloadTally> {
  const { periodMs, random, outages, signal } = options
  const isTime = everySoOften(periodMs, signal)
  const tally: ReloadTally = { reloadCount: 0, unloadCount: 0, cutOffCount: 0 }
  while (await isTime()) {
    const name = random.pick(ASKED_MODELS)
    if (name === SPARE) {
      outages.leaves(SPARE, performance.now())
      if (await change(name, 'unload', options, tally)) tally.unloadCount++
      // What a kill cuts off leaves nothing behind, since there was nothing: until it works.
      while (!(await change(name, 'load', options, tally)) && (await paused(100, signal)));
      outages.isBack(SPARE, performance.now())
    } else if (await change(name, 'load', options, tally)) tally.reloadCount++
  }
  return tally
}

async function change(
  modelName: string,
  verb: 'load' | 'unload',
  { restPort, outages, onComplaint }: ReloadOptions,
  tally: ReloadTally,
): Promise<boolean> {
  const startedMs = performance.now()
  const url = `http://127.0.0.1:${restPort}/v2/repository/models/${modelName}/${verb}`
  const response = await fetch(url, { method: 'POST' })
  const text = await response.text()
  if (response.status === 200) return true
  const endedMs = performance.now()
  const code = response.status === 500 ? 'INTERNAL' : ''
  const failure = { lane: LANE, modelName, isInWorker: true, code, text, startedMs, endedMs }
  if (outages.excuse(failure) === 'killed') tally.cutOffCount++
  else onComplaint(`${verb} of ${modelName} was answered with ${response.status}: ${text}`)
  return false
}
