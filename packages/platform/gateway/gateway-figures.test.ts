import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ServingError } from '@millrace/sdk'
import type { Gateway } from './gateway.ts'
import { startGateway } from './test/gateway-fixture.ts'
import { SCALER, scale } from './test/scaler.ts'
import { startServable } from './test/servable-fixture.ts'
import { application, servable, table } from './test/table-fixture.ts'

/** `name{labels}` with what it stands at, but for times. */
function read({ figures }: Gateway): Record<string, number> {
  const found: Record<string, number> = {}
  for (const { name, read } of figures) {
    for (const { labels, value } of read()) {
      const key = Object.values(labels).join('/')
      found[`${name} ${key}`.trim()] = name.includes('seconds') ? Math.sign(value) : value
    }
  }
  return found
}

test('requests, time, errors and retries are counted by application, stage and servable', async t => {
  const running = await startServable(t, call => {
    if (Array.from(call.inputs[0]!.data, Number)[0] === 13)
      throw new ServingError('RESOURCE_EXHAUSTED', 'no room')
    return scale(call)
  })
  // Nobody listens on port 1.
  const dead = { id: 'dead', address: '127.0.0.1:1', protocol: 'G3' } as const
  const scaler = servable('scaler-1-a', SCALER, [dead, running.endpoint])
  const app = application('app', [[scaler, 100]])
  const { gateway, post, discovery } = await startGateway(t, table([app], [scaler]))
  for (const x of [1, 13, 2]) await post('/gateway/application/app', { xs: [x, 1] })
  await post('/gateway/servable/scaler-1-a', { xs: [1, 1] })
  const expected = {
    'gateway_servable_requests_total //scaler-1-a': 1,
    'gateway_servable_requests_total app/0/scaler-1-a': 3,
    'gateway_servable_seconds_total //scaler-1-a': 1,
    'gateway_servable_seconds_total app/0/scaler-1-a': 1,
    'gateway_servable_retries_total //scaler-1-a': 0,
    'gateway_servable_retries_total app/0/scaler-1-a': 1,
    'gateway_servable_errors_total app/0/scaler-1-a/RESOURCE_EXHAUSTED': 1,
    gateway_background_calls: 0,
    gateway_dropped_calls_total: 0,
  }
  assert.deepEqual(read(gateway), expected)
  // A table that has them still keeps them; what is gone is forgotten.
  discovery.change(table([app], [scaler]))
  assert.deepEqual(read(gateway), expected)
  discovery.change(table([], [scaler]))
  assert.equal(
    Object.keys(read(gateway)).some(key => key.includes('app/')),
    false,
  )
})
