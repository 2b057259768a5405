import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Registry } from 'prom-client'
import { createTransportMetrics } from './transport-metrics.ts'

test('routes beyond a thousand, which models bring, are counted together', async () => {
  const registry = new Registry()
  const metrics = createTransportMetrics(registry, 'rest')
  for (let index = 0; index < 1500; index++) {
    metrics.httpStarted('GET')
    metrics.httpFinished({ method: 'GET', route: `/of-model-${index}`, status: 200, durationMs: 1 })
  }
  const text = await registry.metrics()
  const counts = text.split('\n').filter(line => line.startsWith('rest_requests_total{'))
  assert.equal(counts.length, 1001)
  assert.match(
    text,
    /^rest_requests_total{method="GET",path="other",status_code="200",app_name="mlserver"} 500$/m,
  )
  assert.match(text, /path="\/of-model-0"/)
})
