import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recordMetrics } from './recorded-metrics.ts'

test('keeps every value with its labels', () => {
  const { metrics, recorded } = recordMetrics()
  const rows = metrics.counter('rows', 'Rows seen')
  rows(2)
  rows(0)
  metrics.gauge('warmth', 'How warm it is')(-3)
  metrics.histogram('score', 'Scores', { labels: ['class'], buckets: [1, 2] })(0.5, { class: 'a' })
  assert.deepEqual(recorded, {
    rows: {
      kind: 'counter',
      help: 'Rows seen',
      labels: [],
      records: [
        { value: 2, labels: {} },
        { value: 0, labels: {} },
      ],
    },
    warmth: { kind: 'gauge', help: 'How warm it is', labels: [], records: [{ value: -3, labels: {} }] },
    score: {
      kind: 'histogram',
      help: 'Scores',
      labels: ['class'],
      records: [{ value: 0.5, labels: { class: 'a' } }],
    },
  })
})

test('a name registered again is the metric that is there', () => {
  const { metrics, recorded } = recordMetrics()
  metrics.counter('rows', 'Rows')(1)
  metrics.counter('rows', 'Rows again')(2)
  assert.deepEqual(
    recorded['rows']?.records.map(({ value }) => value),
    [1, 2],
  )
  assert.throws(() => metrics.gauge('rows', 'Rows'), {
    code: 'ALREADY_EXISTS',
    message: "metric 'rows' exists already, and it is not a gauge",
  })
})

test('refuses what a server’s metrics would refuse', () => {
  const { metrics, recorded } = recordMetrics()
  const rows = metrics.counter('rows', 'Rows', { labels: ['kind'] })
  const plain = metrics.gauge('plain', 'Plain')
  const cases: [() => void, string][] = [
    [() => rows(-1), "counter 'rows' cannot record -1; expected a number of at least 0"],
    [() => rows(Number.NaN), "counter 'rows' cannot record NaN; expected a number of at least 0"],
    [() => plain(JSON.parse('"1"') as number), `gauge 'plain' cannot record "1"; expected a number`],
    [() => rows(1, { colour: 'red' }), "metric 'rows' has no label 'colour'; it was registered with 'kind'"],
    [() => plain(1, { colour: 'red' }), "metric 'plain' has no label 'colour'; it was registered with none"],
  ]
  for (const [record, message] of cases) assert.throws(record, { code: 'INVALID_ARGUMENT', message })
  assert.deepEqual([recorded['rows']?.records, recorded['plain']?.records], [[], []])
})
