import assert from 'node:assert/strict'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { gone, isAlive, pidsOf, until } from '../../../deploy/driver-bed.ts'
import type { Deployment } from '../../../deploy/index.ts'
import { createMemoryDriver } from '../../../deploy/memory-driver-fixture.ts'
import { measureOne, onDemandBed, readSizes, startsOf } from './on-demand-bed.ts'
import { createOnDemandServables } from './on-demand-servables.ts'

const GIB = 2 ** 30
const isAwake = ({ replicas, status }: Deployment) => replicas.length > 0 && status.state === 'Serving'
const isAsleep = (deployment: Deployment) => deployment.isAsleep === true
const ASLEEP = { state: 'Serving', message: 'asleep; started by the next request' }

void suite('servables within a budget of memory', { concurrency: 4 }, () => {
  void test('a new servable is started to see that it serves, and the one not asked for longest gives way', async t => {
    const one = await measureOne(t)
    const { deploy, wake, demand, figure } = await onDemandBed(t, 2.5 * one, { measureMs: 60_000 })
    const a = deploy('a')
    assert.equal(a.status.state, 'Starting')
    await until(a, isAwake)
    await wake('a')
    const b = deploy('b')
    await until(b, isAwake)
    await wake('b')
    demand.entered('a', false)
    demand.left('a')
    const c = deploy('c')
    await until(c, isAwake)
    await until(b, isAsleep)
    assert.deepEqual([a, b, c].map(isAwake), [true, false, true])
    assert.deepEqual([b.status, b.replicas], [ASLEEP, []])
    await wake('c')
    assert.deepEqual(['awake', 'asleep', 'evictions_total'].map(figure), [2, 1, 1])
    const [pid] = await pidsOf(b)
    await gone(pid!)

    // What it was is there again, with its log.
    await wake('b')
    await until(a, isAsleep)
    assert.equal(b.status.message, null)
    assert.equal(await startsOf(b), 2)
  })

  void test('many first requests start it once', async t => {
    const { deploy, wake, bed, driver, sizesFile } = await onDemandBed(t, GIB)
    await until(deploy('a'), isAwake)
    await wake('a')
    await driver.close(100)
    const again = await onDemandBed(t, GIB, { sizesFile, dataFolder: join(bed.dataFolder, 'second') })
    const a = again.deploy('a')
    // It has served in an earlier life, so nothing starts before it is asked.
    assert.deepEqual([a.status, a.isAsleep], [ASLEEP, true])
    await Promise.all(Array.from({ length: 50 }, () => again.wake('a')))
    assert.equal(isAwake(a), true)
    assert.equal(await startsOf(a), 1)
    assert.equal(again.figure('misses_total'), 50)
  })

  void test('requests inside finish before it is stopped, and one that comes meanwhile starts it again', async t => {
    const one = await measureOne(t)
    const { deploy, wake, demand } = await onDemandBed(t, 1.5 * one, { measureMs: 60_000 })
    const a = deploy('a')
    await until(a, isAwake)
    await wake('a')
    demand.entered('a', false)
    const b = deploy('b')
    await until(a, isAsleep)
    const [pid] = await pidsOf(a)
    const later = wake('a')
    assert.equal(isAlive(pid!), true)
    assert.equal(b.status.state, 'Starting')
    demand.left('a')
    await gone(pid!)
    await later
    assert.equal(isAwake(a), true)
    assert.equal(await startsOf(a), 2)
    await until(b, deployment => isAsleep(deployment) || isAwake(deployment))
  })

  void test('a start that fails says whose and why, is not tried again at once, and is when it can be', async t => {
    const { deploy, wake, figure } = await onDemandBed(t, GIB, { firstRetryMs: 60_000 })
    const good = deploy('good')
    await until(good, isAwake)
    const bad = deploy('bad', { behaviour: 'unlucky' })
    await until(bad, ({ status }) => status.state === 'NotServing')
    assert.match(bad.status.message!, /exit code 1.*no luck/s)
    assert.equal(bad.isAsleep, false)
    const starts = await startsOf(bad)
    await assert.rejects(wake('bad'), {
      code: 'UNAVAILABLE',
      message:
        /^Servable bad could not be loaded, and is tried again in \d+(\.\d)? s: the replica ended .*no luck/s,
    })
    assert.equal(await startsOf(bad), starts)
    assert.equal(figure('start_failures_total'), 1)
    await bad.stop(0)
    await assert.rejects(wake('bad'), { code: 'UNAVAILABLE', message: /servable bad is being stopped/ })
  })

  void test('one that has served and cannot be started any more says so, and the next request tries again', async t => {
    const { driver, deploy, wake, bed, sizesFile } = await onDemandBed(t, GIB)
    const path = join(bed.modelFolder, 'broken')
    await until(deploy('a'), isAwake)
    await wake('a')
    await driver.close(100)
    const again = await onDemandBed(t, GIB, { sizesFile, dataFolder: join(bed.dataFolder, 'second') })
    await writeFile(path, '')
    const a = again.deploy('a', { behaviour: 'breakable' }, { environment: { BROKEN: path } })
    assert.deepEqual(a.status, ASLEEP)
    await assert.rejects(again.wake('a'), { code: 'UNAVAILABLE', message: /^Servable a .*it is broken/s })
    assert.equal(a.status.state, 'NotServing')
    assert.match(a.status.message ?? '', /it is broken/)
    // It is asked all the same.
    assert.equal(a.isAsleep, true)
    await rm(path)
    while (!isAwake(a)) await again.wake('a').catch(() => {})
    assert.equal(a.status.message, null)
  })

  void test('a new servable that fails is tried again without a request', async t => {
    const { deploy } = await onDemandBed(t, GIB)
    const bad = deploy('bad', { behaviour: 'exit' })
    const controller = new AbortController()
    let count = 0
    for await (const line of bad.logs({ follow: true, signal: controller.signal })) {
      if (/the last word/.test(line) && ++count === 3) controller.abort()
    }
    assert.match(bad.status.message ?? '', /exit code 3|Initialization/)
  })

  void test('what never fits is refused, and says so', async t => {
    const { deploy, wake } = await onDemandBed(t, 4 * 2 ** 20, { firstRetryMs: 60_000 })
    const a = deploy('a')
    await until(a, ({ status }) => status.state === 'NotServing')
    const message =
      /Servable a (takes|will probably take) \d+ bytes, and the memory for servables \(--memory-budget\) has 4194304/
    assert.match(a.status.message!, message)
    await assert.rejects(wake('a'), { code: /UNAVAILABLE|RESOURCE_EXHAUSTED/, message })
    for (const pid of await pidsOf(a)) await gone(pid)
  })

  void test('one that sleeps, or is being started, can be deleted', async t => {
    const { deploy, wake, demand, driver, bed, sizesFile } = await onDemandBed(t, GIB, { idleMs: 20 })
    const a = deploy('a')
    await until(a, isAsleep)
    const [pid] = await pidsOf(a)
    await a.stop(100)
    await gone(pid!)
    assert.equal(a.isAsleep, false)
    await assert.rejects(wake('a'), { code: 'UNAVAILABLE' })
    demand.left('a')
    const again = driver.deploy(bed.spec({ behaviour: 'deaf' }, { name: 'a', modelName: 'a' }))
    await until(again, ({ status }) => /nobody|Initialization/.test(status.message ?? ''))
    const waiting = assert.rejects(wake('a'), { code: 'UNAVAILABLE' })
    await again.stop(100)
    await waiting
    await driver.close(100)
    assert.deepEqual(await readSizes(sizesFile), {})
  })

  void test('one that grows makes others give way; one that grows beyond the budget goes itself', async t => {
    const one = await measureOne(t)
    const { deploy, wake, bed } = await onDemandBed(t, 6 * one)
    const path = join(bed.modelFolder, 'grow')
    const a = deploy('a')
    await until(a, isAwake)
    await wake('a')
    const hungry = deploy('hungry', { behaviour: 'growing' }, { environment: { GROW: path } })
    await until(hungry, isAwake)
    await wake('hungry')
    const mib = one / 2 ** 20
    await writeFile(path, String(Math.ceil(4.5 * mib)))
    await until(a, isAsleep)
    assert.equal(isAwake(hungry), true)
    await writeFile(path, String(Math.ceil(6 * mib)))
    await until(hungry, isAsleep)
    await rm(path)
    assert.equal(hungry.status.state, 'Serving')
    // It begins small again.
    await wake('hungry')
  })

  void test('what is pinned is never stopped', async t => {
    const one = await measureOne(t)
    const { deploy, wake } = await onDemandBed(t, 1.5 * one, { measureMs: 60_000, firstRetryMs: 60_000 })
    const pinned = deploy('pinned', {}, { isPinned: true })
    await until(pinned, isAwake)
    await wake('pinned')
    await until(deploy('a'), ({ status }) => status.state === 'NotServing')
    await assert.rejects(wake('a'), {
      code: 'RESOURCE_EXHAUSTED',
      message: /^Servable a needs \d+ bytes, and all that is loaded in the memory for servables .* is pinned/,
    })
    assert.equal(isAwake(pinned), true)
  })

  void test('what nobody waits for starts where there is room, and displaces nothing', async t => {
    const one = await measureOne(t)
    const { deploy, wake } = await onDemandBed(t, 1.5 * one, { measureMs: 60_000 })
    const a = deploy('a')
    await until(a, isAwake)
    await wake('a')
    const b = deploy('b')
    await until(a, isAsleep)
    await until(b, isAwake)
    await wake('b')
    await assert.rejects(wake('a', true), { code: 'RESOURCE_EXHAUSTED' })
    assert.equal(isAwake(b), true)
    await b.stop(100)
    await wake('a', true)
    assert.equal(isAwake(a), true)
  })

  void test('replicas sleep and wake together', async t => {
    const { deploy, wake, figure } = await onDemandBed(t, GIB, { idleMs: 50 })
    const a = deploy('a', {}, { replicas: 2 })
    await until(a, ({ replicas }) => replicas.length === 2)
    await until(a, isAsleep)
    assert.equal(figure('asleep'), 1)
    await wake('a')
    assert.equal(await startsOf(a), 4)
  })

  void test('sizes that cannot be read are measured anew', async t => {
    const { bed } = await onDemandBed(t, GIB)
    const sizesFile = join(bed.modelFolder, 'sizes.json')
    for (const text of ['{', '[1, {"version": 3}]', 'null']) {
      await writeFile(sizesFile, text)
      const { driver } = await createOnDemandServables({
        driver: bed.driver,
        budgetBytes: GIB,
        sizesFile,
        log: { debug() {}, info() {}, warn() {}, error() {} },
      })
      const a = driver.deploy(bed.spec({}, { name: 'b' }))
      assert.equal(a.isAsleep, false)
      await a.stop(0)
    }
  })

  void test('a driver that cannot have them sleep says so', async () => {
    await assert.rejects(
      createOnDemandServables({
        driver: createMemoryDriver(),
        budgetBytes: GIB,
        sizesFile: '/nowhere/sizes.json',
        log: { debug() {}, info() {}, warn() {}, error() {} },
      }),
      { code: 'UNIMPLEMENTED', message: /--memory-budget/ },
    )
  })
})
