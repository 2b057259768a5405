import assert from 'node:assert/strict'
import { test } from 'node:test'
import { layOutGraph } from './graph-layout.ts'

const BOXES = ['request', 'stage', 'response'].map((id, index) => ({
  id,
  width: 100,
  height: 40 * (index + 1),
}))
const ARROWS = [
  { from: 'request', to: 'stage' },
  { from: 'stage', to: 'response' },
]

test('boxes follow the arrows and do not overlap', () => {
  for (const [direction, axis, size] of [
    ['LR', 'x', 'width'],
    ['TB', 'y', 'height'],
  ] as const) {
    const places = layOutGraph(BOXES, ARROWS, direction)
    for (const [index, box] of BOXES.entries()) {
      const next = BOXES[index + 1]
      if (next !== undefined) assert.ok(places.get(box.id)![axis] + box[size] < places.get(next.id)![axis])
    }
  }
})
