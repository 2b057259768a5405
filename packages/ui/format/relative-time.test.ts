import assert from 'node:assert/strict'
import { test } from 'node:test'
import { relativeTime } from './relative-time.ts'

test('times are told in the largest unit that fits', () => {
  const now = Date.parse('2026-05-04T10:00:00Z')
  const cases: [then: string, said: string][] = [
    ['2026-05-04T09:59:30Z', 'just now'],
    ['2026-05-04T09:58:00Z', '2 minutes ago'],
    ['2026-05-04T08:59:00Z', '1 hour ago'],
    ['2026-05-03T09:00:00Z', 'yesterday'],
    ['2026-04-20T10:00:00Z', '2 weeks ago'],
    ['2026-03-01T10:00:00Z', '2 months ago'],
    ['2025-05-01T10:00:00Z', 'last year'],
    ['2026-05-04T10:05:00Z', 'in 5 minutes'],
  ]
  for (const [then, said] of cases) assert.equal(relativeTime(Date.parse(then), now), said, then)
})
