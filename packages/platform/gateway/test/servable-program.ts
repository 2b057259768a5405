import { scale } from './scaler.ts'
import { startServable } from './servable-fixture.ts'

// A servable in a process of its own, to be killed. It prints where it listens.
const { endpoint } = await startServable({ after: () => undefined }, scale)
process.stdout.write(`${endpoint.address}\n`)
