import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createEventReader, type SentEvent } from './read-events.ts'

const STREAM =
  ':\n\nevent: Log\nid: 0\ndata: one\n\ndata: two\r\ndata:three\r\n\r\n:\n\nevent: EndOfStream\ndata: \n\n'
const EVENTS: readonly SentEvent[] = [
  { event: 'Log', id: '0', data: 'one' },
  { event: 'message', id: undefined, data: 'two\nthree' },
  { event: 'EndOfStream', id: undefined, data: '' },
]

test('events are the same in whatever pieces they come', () => {
  assert.deepEqual(createEventReader()(STREAM), EVENTS)
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: STREAM.length }), { maxLength: 20 }), cuts => {
      const read = createEventReader()
      const places = [0, ...cuts.toSorted((a, b) => a - b), STREAM.length]
      const events = places.flatMap((place, index) => read(STREAM.slice(place, places[index + 1] ?? place)))
      assert.deepEqual(events, EVENTS)
    }),
  )
})
