import assert from 'node:assert/strict'
import { registerScripted, startBed } from '../bed/up-bed.ts'
import { releaseAnswering } from './simple-models.ts'
import { quantile, type Trial } from './trial.ts'

const SLEEP_MS = 1000

/** A shadow that sleeps a second must not be felt. What it costs is told, and judged by nobody but the reader. */
export const slowShadow: Trial = async ({ isShort }) => {
  const requests = isShort ? 200 : 2000
  const bed = await startBed()
  try {
    await registerScripted(bed)
    const fast = await releaseAnswering(bed, 'fast', 1)
    const slow = await releaseAnswering(bed, 'slow', 2, SLEEP_MS)
    const applications = ['alone', 'shadowed'] as const
    await bed.ready('alone', [[[fast.id, 100]]])
    await bed.ready('shadowed', [
      [
        [fast.id, 100],
        [slow.id, 0],
      ],
    ])
    const durations = { alone: [] as number[], shadowed: [] as number[] }
    // In turn, so that what else the machine does falls on both.
    for (let index = 0; index < requests; index++) {
      for (const name of applications) {
        const startedMs = performance.now()
        const { json } = await bed.ask(name, { x: 1 })
        durations[name].push(performance.now() - startedMs)
        assert.deepEqual(json, { y: 1 })
      }
    }
    return applications.map(name => {
      const figures = [0.5, 0.99].map(fraction => quantile(durations[name], fraction).toFixed(2))
      return `${name}: median ${figures[0]} ms, p99 ${figures[1]} ms of ${requests} requests`
    })
  } finally {
    await bed.close()
  }
}
