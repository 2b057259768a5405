import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ServingError } from '@millrace/sdk'
import { ask, behaving, execBed, isAlive, startedAs } from './exec-bed.ts'

suite('a program fails the load', { concurrency: 4 }, () => {
  for (const [what, extra, message] of [
    [
      'when it ends',
      behaving('exit'),
      /^the program of model m ended with exit code 3 before it was ready; its last lines:\n[^]*to the other stream/,
    ],
    [
      'when it is not there',
      { command: ['/no/such/program'] },
      /ended with exit code 127 before it was ready; its last lines:\n[^]*\/no\/such\/program/,
    ],
    [
      'when it takes too long',
      { startup_timeout_seconds: 0.3, ...behaving('deaf') },
      /was not ready within 0\.3 s \(nobody accepts connections at 127\.0\.0\.1:\d+\); it/,
    ],
    [
      'when it serves another protocol',
      { protocol: 'hydrosphere-g3', ...behaving('') },
      /cannot be used: it does not serve Predict of protocol hydrosphere-g3; its last lines/,
    ],
    [
      'when it does not serve V2',
      { protocol: 'v2', ...behaving('', 'hydrosphere-g1') },
      /it does not serve inference\.GRPCInferenceService, which protocol v2 needs/,
    ],
    [
      'when it serves nothing that is known',
      behaving('', 'none'),
      /serves neither inference\.GRPCInferenceService nor a PredictionService/,
    ],
  ] as const) {
    test(what, async t => {
      const bed = await execBed(t, extra)
      await assert.rejects(bed.load(), (error: unknown) => {
        assert.ok(ServingError.is(error))
        assert.equal(error.code, 'FAILED_PRECONDITION')
        assert.match(error.message, message)
        return true
      })
    })
  }

  for (const [what, extra, reason] of [
    ['never says that it is ready', behaving('never-ready'), 'its ServerReady answers false'],
    [
      'has a Status that never says so',
      behaving('never-ready', 'hydrosphere-g2'),
      'its Status answers NOT_SERVING: func_main is missing',
    ],
    [
      'has a health that never says so',
      behaving('never-ready', 'hydrosphere-g3'),
      'its health service answers NOT_SERVING',
    ],
    ['speaks no HTTP/2', behaving('http1'), 'No connection established'],
  ] as const) {
    test(`is waited for when it ${what}`, async t => {
      const bed = await execBed(t, extra)
      const controller = new AbortController()
      const loading = bed.load(controller.signal)
      await Promise.race([loading, bed.logged(reason)])
      controller.abort(new ServingError('CANCELLED', 'enough'))
      await assert.rejects(loading, { code: 'CANCELLED', message: 'enough' })
    })
  }

  test('when the load is withdrawn', async t => {
    const bed = await execBed(t, behaving('deaf'))
    const controller = new AbortController()
    const loading = bed.load(controller.signal)
    await bed.logged('to the other stream')
    controller.abort(new ServingError('CANCELLED', 'enough'))
    await assert.rejects(loading, { code: 'CANCELLED', message: 'enough' })
  })
})

suite('a program that runs', { concurrency: 4 }, () => {
  test('and hangs is left at the deadline, or when the client goes', async t => {
    const bound = await (await execBed(t, behaving('hang'))).load()
    await assert.rejects(ask(bound, [1], { deadlineMs: Date.now() + 100 }), { code: 'DEADLINE_EXCEEDED' })
    const controller = new AbortController()
    const asked = ask(bound, [1], { signal: controller.signal })
    setImmediate(() => controller.abort())
    await assert.rejects(asked, { code: 'CANCELLED' })
  })

  for (const protocol of ['v2', 'hydrosphere-g2']) {
    test(`and answers garbage over ${protocol} is at fault itself`, async t => {
      const bound = await (await execBed(t, behaving('garbage', protocol))).load()
      await assert.rejects(ask(bound, [1]), { code: 'INTERNAL', message: /answer cannot be understood/ })
    })
  }

  test('and dies fails its requests, and is started again', async t => {
    const bed = await execBed(t, { restart_delay_seconds: 0.05, ...behaving('die') })
    const bound = await bed.load()
    await assert.rejects(ask(bound, [1]), refused)
    await bed.logged('the program ended with exit code 7')
    assert.equal(bed.model.isReady, false)
    await assert.rejects(ask(bound, [1]), refused)
    assert.match(bed.lines.join('\n'), /the program ended with exit code 7 .*"last_lines":\[.*the last word/)
    await bed.logged('the program is ready', 2)
    assert.equal(bed.model.isReady, true)
    await assert.rejects(ask(bound, [1]), refused)
  })

  test('and is killed from outside is started again under another id', async t => {
    const bed = await execBed(t, { restart_delay_seconds: 0.05 })
    const bound = await bed.load()
    const { pid } = startedAs(bed)
    process.kill(pid, 'SIGKILL')
    await bed.logged('the program was ended by signal SIGKILL')
    await bed.logged('the program is ready', 2)
    assert.deepEqual((await ask(bound, [1])).outputs[0]?.data, Float64Array.of(2))
  })

  test('and does not heed SIGTERM is killed', async t => {
    const bed = await execBed(t, { shutdown_timeout_seconds: 0.1, ...behaving('stubborn') })
    await bed.load()
    const { pid } = startedAs(bed)
    await bed.model.unload()
    assert.equal(isAlive(pid), false)
    assert.match(bed.lines.join('\n'), /not now/)
  })
})

test('a program does not outlive a server that is killed, nor do its own children', async t => {
  const { folder } = await execBed(t)
  const pidFile = join(folder, 'pids')
  const server = spawn(
    process.execPath,
    ['--conditions=millrace-source', fileURLToPath(import.meta.resolve('./test/killed-server.ts')), pidFile],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  await once(server.stdout, 'data')
  const pids = (await readFile(pidFile, 'utf8')).trim().split('\n').map(Number)
  assert.equal(pids.length, 2)
  assert.deepEqual(pids.map(isAlive), [true, true])
  server.kill('SIGKILL')
  await once(server, 'exit')
  // Nobody tells when a process is gone that is nobody's child here.
  while (pids.some(isAlive)) await new Promise(resolve => setImmediate(resolve))
})

/** What a request hears while its program is down, or as it goes down. */
function refused(error: unknown): boolean {
  assert.ok(ServingError.is(error))
  assert.equal(error.code, 'UNAVAILABLE')
  assert.ok(error.retryAfterMs! >= 500)
  assert.match(error.message, /^the program of model m /)
  return true
}
