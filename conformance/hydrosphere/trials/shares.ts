import assert from 'node:assert/strict'
import { registerScripted, startBed } from '../bed/up-bed.ts'
import { releaseAnswering } from './simple-models.ts'
import type { Trial } from './trial.ts'

const CALLERS = 16
/** In the long form two points are five standard deviations. */
const SIZES = { long: { requests: 10_000, points: 2 }, short: { requests: 2000, points: 4.5 } }

/** Weights 80 and 20 are the shares of the answers, and a variant of weight 0 never answers. */
export const shares: Trial = async ({ isShort }) => {
  const { requests, points } = isShort ? SIZES.short : SIZES.long
  const bed = await startBed()
  try {
    await registerScripted(bed)
    const [first, second, shadow] = await Promise.all([
      releaseAnswering(bed, 'first', 1),
      releaseAnswering(bed, 'second', 2),
      releaseAnswering(bed, 'shadow', 3),
    ])
    await bed.ready('shared', [
      [
        [shadow.id, 0],
        [first.id, 80],
        [second.id, 20],
      ],
    ])
    const answers = new Map<unknown, number>()
    let left = requests
    const caller = async () => {
      while (left-- > 0) {
        const { status, json } = await bed.ask('shared', { x: 1 })
        assert.equal(status, 200, JSON.stringify(json))
        answers.set(json['y'], (answers.get(json['y']) ?? 0) + 1)
      }
    }
    await Promise.all(Array.from({ length: CALLERS }, caller))
    const percent = ((answers.get(1) ?? 0) / requests) * 100
    assert.ok(Math.abs(percent - 80) < points, `80 % got ${percent} % of ${requests} requests`)
    assert.equal(answers.has(3), false, 'the variant of weight 0 has answered')
    return [`weight 80 got ${percent.toFixed(2)} % of ${requests} answers, weight 0 none`]
  } finally {
    await bed.close()
  }
}
