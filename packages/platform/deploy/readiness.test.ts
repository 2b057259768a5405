import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { driverBed, isServing, logLine, pidsOf, until } from './driver-bed.ts'

suite('what a program speaks is found out', { concurrency: 4 }, () => {
  for (const [protocol, found] of [
    ['G1', 'G1'],
    ['G2', 'G2'],
    ['G3', 'G3'],
    ['G3-bare', 'G3'],
    ['V2', 'V2'],
    ['V2-health', 'V2'],
  ] as const) {
    for (const said of [undefined, found]) {
      test(`${protocol}, ${said === undefined ? 'which nobody has said' : 'as its runtime says'}`, async t => {
        const { driver, spec } = await driverBed(t)
        const wanted = spec({ protocol })
        const runtime = { ...wanted.runtime, protocol: said }
        const deployment = driver.deploy({ ...wanted, runtime })
        await until(deployment, isServing)
        assert.equal(deployment.replicas[0]?.protocol, found)
        assert.match(deployment.replicas[0].address, /^127\.0\.0\.1:\d+$/)
      })
    }
  }
})

suite('a replica that does not get ready', { concurrency: 4 }, () => {
  for (const [what, behaviour, message] of [
    [
      'ends at once',
      { behaviour: 'exit' },
      /^the replica ended with exit code 3 before it was ready; its last lines:\n[^]*the last word/,
    ],
    [
      'serves nothing that is known',
      { protocol: 'nothing' },
      /^the replica cannot be used: it serves neither a PredictionService of Hydrosphere nor .*; its last lines:\n/,
    ],
    [
      'says that it does not serve',
      { behaviour: 'failing', protocol: 'G2' },
      /^the replica is not ready: its Status answers NOT_SERVING: func_main is missing$/,
    ],
  ] as const) {
    test(`because it ${what} is told of`, async t => {
      const { driver, spec } = await driverBed(t)
      const deployment = driver.deploy(spec(behaviour))
      await until(deployment, ({ status }) => status.state === 'NotServing')
      assert.match(deployment.status.message!, message)
    })
  }

  for (const [what, behaviour, message] of [
    [
      'does not listen',
      { behaviour: 'deaf' },
      /nobody accepts connections at 127\.0\.0\.1:\d+; its last lines/,
    ],
    ['speaks no HTTP/2', { behaviour: 'http1' }, /was not ready within 0\.5 s: .*; its last lines:\n/],
    ['is not ready', { behaviour: 'failing' }, /its health service answers NOT_SERVING; its last lines:\n/],
    ['is not ready over V2', { behaviour: 'failing', protocol: 'V2' }, /its ServerReady answers false/],
    [
      'has a Status that says so',
      { behaviour: 'failing', protocol: 'G2' },
      /its Status answers NOT_SERVING: func_main is missing; its last lines/,
    ],
  ] as const) {
    test(`in time because it ${what} is ended, and started again`, async t => {
      const { driver, spec } = await driverBed(t, { times: { startupTimeoutMs: 500, restartDelayMs: 20 } })
      const deployment = driver.deploy(spec(behaviour))
      await until(deployment, ({ status }) => /was not ready within 0\.5 s/.test(status.message ?? ''))
      assert.match(deployment.status.message!, message)
      assert.equal(deployment.status.state, 'NotServing')
      await logLine(deployment, /hello/, 2)
    })
  }

  test('because it speaks something else than its runtime says is told of', async t => {
    const { driver, spec } = await driverBed(t)
    for (const [protocol, other] of [
      ['G3', 'G1'],
      ['V2', 'G3'],
      ['G1', 'V2'],
    ] as const) {
      const wanted = spec({ protocol }, { name: protocol })
      const runtime = { ...wanted.runtime, protocol: other } as typeof wanted.runtime
      const deployment = driver.deploy({ ...wanted, runtime })
      await until(deployment, ({ status }) => status.state === 'NotServing')
      const message = `the replica cannot be used: it does not serve ${other}, which its runtime is said to speak; `
      assert.equal(deployment.status.message?.startsWith(message), true, deployment.status.message ?? '')
    }
  })

  test('because it is not there is told of', async t => {
    const { driver, spec, modelFolder } = await driverBed(t)
    const missing = driver.deploy(
      spec({}, { name: 'program', runtime: { kind: 'program', command: ['./no-such-program', 'x'] } }),
    )
    const nowhere = driver.deploy(
      spec({}, { name: 'folder', runtime: { kind: 'program', command: ['true'], workingFolder: 'sub' } }),
    )
    await until(missing, ({ status }) => status.state === 'NotServing')
    await until(nowhere, ({ status }) => status.state === 'NotServing')
    assert.match(missing.status.message!, /ended with exit code 127 before[^]*\.\/no-such-program/)
    assert.equal(
      nowhere.status.message,
      `the replica could not be started: its working folder ${join(modelFolder, 'files', 'sub')} is not there`,
    )
  })
})

suite('a replica that is slow or unlucky', { concurrency: 4 }, () => {
  test('is waited for', async t => {
    const { driver, spec } = await driverBed(t)
    const deployment = driver.deploy(spec({ behaviour: 'late' }))
    await until(deployment, ({ status }) => status.message === 'its health service answers UNKNOWN')
    assert.equal(deployment.status.state, 'Starting')
    await until(deployment, isServing)
  })

  test('tries another port when somebody else has its', async t => {
    const servers = Array.from({ length: 4 }, () => createServer(socket => socket.destroy()))
    const ports = await Promise.all(
      servers.map(async server => {
        await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
        return (server.address() as AddressInfo).port
      }),
    )
    const [taken, ...others] = servers
    const [port] = ports
    t.after(() => taken!.close())
    for (const server of others) server.close()
    // A delay that this test would not outlive: another port is tried at once.
    const { driver, spec } = await driverBed(t, {
      findPort: async () => ports.shift()!,
      times: { restartDelayMs: 3_600_000 },
    })
    const deployment = driver.deploy(spec())
    await until(deployment, isServing)
    assert.notEqual(deployment.replicas[0]!.address, `127.0.0.1:${port}`)
    assert.equal((await pidsOf(deployment)).length > 1, true)
  })
})

suite('a replica that was ready', { concurrency: 4 }, () => {
  for (const [mood, state, message] of [
    [
      'failing',
      'NotServing',
      'the replica is not ready: its Status answers NOT_SERVING: func_main is missing',
    ],
    ['silent', 'NotAvailable', /^the replica gives no answer: /],
  ] as const) {
    test(`and is ${mood} is taken out, and comes back as the same`, async t => {
      const { driver, spec, modelFolder } = await driverBed(t, {
        times: { questionTimeoutMs: 200, watchIntervalMs: 50 },
      })
      const control = join(modelFolder, 'mood')
      await writeFile(control, 'serving')
      const deployment = driver.deploy(spec({ protocol: 'G2', control }))
      await until(deployment, isServing)
      const [replica] = deployment.replicas
      await writeFile(control, mood)
      await until(deployment, ({ status }) => status.state !== 'Serving')
      assert.deepEqual(deployment.replicas, [])
      assert.equal(deployment.status.state, state)
      if (typeof message === 'string') assert.equal(deployment.status.message, message)
      else assert.match(deployment.status.message!, message)
      await writeFile(control, 'serving')
      await until(deployment, isServing)
      assert.deepEqual(deployment.replicas, [replica])
    })

    test(`and is ${mood} for too long is started again`, async t => {
      const { driver, spec, modelFolder } = await driverBed(t, {
        times: {
          questionTimeoutMs: 100,
          watchIntervalMs: 50,
          unresponsiveTimeoutMs: 200,
          startupTimeoutMs: 2000,
          restartDelayMs: 20,
          restartGraceMs: 100,
        },
      })
      const control = join(modelFolder, 'mood')
      await writeFile(control, 'serving')
      const deployment = driver.deploy(spec({ control }))
      await until(deployment, isServing)
      const [replica] = deployment.replicas
      await writeFile(control, mood)
      await until(deployment, ({ status }) =>
        /(gave no answer|was not ready) for \d+ s/.test(status.message ?? ''),
      )
      assert.equal(deployment.status.state, 'NotServing')
      await writeFile(control, 'serving')
      await until(deployment, isServing)
      assert.notEqual(deployment.replicas[0]!.id, replica!.id)
    })
  }

  test('and is stopped by a signal for a while is taken out', async t => {
    const { driver, spec } = await driverBed(t, { times: { questionTimeoutMs: 100, watchIntervalMs: 50 } })
    const deployment = driver.deploy(spec({ protocol: 'G1' }))
    await until(deployment, isServing)
    const [pid] = await pidsOf(deployment)
    process.kill(pid!, 'SIGSTOP')
    await until(deployment, ({ status }) => status.state === 'NotAvailable')
    process.kill(pid!, 'SIGCONT')
    await until(deployment, isServing)
  })
})
