import assert from 'node:assert/strict'
import { test } from 'node:test'
import { driverBed, gone, isAlive, isServing, pidsOf, until } from './driver-bed.ts'

test('a servable that was deployed asleep runs when it is woken, and its log and name stay while it sleeps', async t => {
  const { driver, spec, logged } = await driverBed(t)
  const deployment = driver.deployAsleep!(spec({}, { replicas: 2 }))
  assert.deepEqual(deployment.status, { state: 'NotServing', message: 'it is asleep' })
  assert.equal(await deployment.usedBytes(), 0)
  await Promise.all([deployment.wake(), deployment.wake()])
  assert.deepEqual([deployment.status.state, deployment.replicas.length], ['Serving', 2])
  const used = await deployment.usedBytes()
  assert.ok(used > 20 * 2 ** 20 && used < 2 ** 30, String(used))
  const pids = await pidsOf(deployment)

  const idle = Promise.withResolvers<void>()
  const asleep = deployment.sleep(idle.promise, 1000)
  assert.deepEqual([deployment.status.message, deployment.replicas], ['it is asleep', []])
  assert.deepEqual(pids.map(isAlive), [true, true])
  // Woken meanwhile, it is started again when its processes are gone.
  const woken = deployment.wake()
  idle.resolve()
  await asleep
  for (const pid of pids) await gone(pid)
  await woken
  const all = await pidsOf(deployment)
  assert.deepEqual([all.length, all.slice(0, 2)], [4, pids])
  assert.throws(() => driver.deploy(spec()), { code: 'ALREADY_EXISTS' })
  assert.deepEqual(
    logged.filter(line => /does not serve/.test(line)),
    [],
  )
})

test('a start that fails is told with its reason, and goes on until it sleeps', async t => {
  const { driver, spec } = await driverBed(t)
  const deployment = driver.deployAsleep!(spec({ behaviour: 'unlucky' }))
  await assert.rejects(deployment.wake(), { code: 'UNAVAILABLE', message: /exit code 1.*no luck/s })
  await deployment.sleep(Promise.resolve(), 0)
  assert.equal(deployment.status.message, 'it is asleep')
  await assert.rejects(deployment.wake(), { code: 'UNAVAILABLE' })
})

test('one that is not ready yet has not failed', async t => {
  const { driver, spec } = await driverBed(t)
  const deployment = driver.deployAsleep!(spec({ behaviour: 'late', protocol: 'G2' }))
  await deployment.wake()
  assert.equal(isServing(deployment), true)
})

test('it can be stopped asleep, falling asleep, and while it is woken', async t => {
  const { driver, spec } = await driverBed(t)
  const names = ['a', 'b', 'c', 'd']
  const [a, b, c, d] = names.map(name => driver.deployAsleep!(spec({}, { name })))
  await a!.stop(100)
  await b!.wake()
  void b!.sleep(new Promise(() => {}), 100)
  await b!.stop(100)
  for (const pid of await pidsOf(b!)) await gone(pid)
  const waking = assert.rejects(c!.wake(), { code: 'UNAVAILABLE', message: 'it is being stopped' })
  await c!.stop(100)
  await waking
  await assert.rejects(c!.wake(), { code: 'UNAVAILABLE' })
  await d!.wake()
  await driver.close(100)
  await until(d!, ({ replicas }) => replicas.length === 0)
  assert.throws(() => driver.deployAsleep!(spec({}, { name: 'e' })), { code: 'UNAVAILABLE' })
})
