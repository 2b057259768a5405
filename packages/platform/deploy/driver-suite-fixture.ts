import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import type { DeployDriver, Deployment, Replica, ServableSpec } from './deploy-driver.ts'

/** A driver for one test. */
export interface SuiteBed {
  readonly driver: DeployDriver
  /** A servable that gets ready and writes `hello` into its log, or one that never does and says `no luck`. */
  readonly spec: (what: 'serves' | 'fails', changes?: Partial<ServableSpec>) => ServableSpec
  /** Has a replica end by itself. */
  readonly crash: (deployment: Deployment, replica: Replica) => Promise<void> | void
}

/** What every deploy driver promises. */
export function driverSuite(name: string, openBed: (t: TestContext) => Promise<SuiteBed> | SuiteBed): void {
  void suite(name, { concurrency: 4 }, () => {
    void test('starts what it is told to, and says when it serves', async t => {
      const { driver, spec } = await openBed(t)
      const wanted = spec('serves', { replicas: 2 })
      const deployment = driver.deploy(wanted)
      assert.equal(deployment.spec, wanted)
      assert.equal(deployment.status.state, 'Starting')
      const before = deployment.replicas
      assert.deepEqual(before, [])
      await became(deployment, 'Serving')
      assert.equal(deployment.status.message, null)
      assert.equal(deployment.replicas.length, 2)
      assert.deepEqual(before, [])
      for (const key of ['id', 'address'] as const) {
        assert.equal(new Set(deployment.replicas.map(replica => replica[key])).size, 2)
      }
    })

    void test('says why something does not serve', async t => {
      const { driver, spec } = await openBed(t)
      const deployment = driver.deploy(spec('fails'))
      await became(deployment, 'NotServing')
      assert.match(deployment.status.message!, /no luck/)
      assert.deepEqual(deployment.replicas, [])
    })

    void test('starts a replica again that has ended, under another id', async t => {
      const { driver, spec, crash } = await openBed(t)
      const deployment = driver.deploy(spec('serves', { replicas: 2 }))
      await became(deployment, 'Serving')
      const [first, second] = deployment.replicas
      const down = changed(deployment, () => deployment.replicas.length === 1)
      await crash(deployment, first!)
      await down
      assert.deepEqual(deployment.replicas, [second])
      assert.equal(deployment.status.state, 'Serving')
      assert.match(deployment.status.message!, /^1 of 2 replicas serve; /)
      await changed(deployment, () => deployment.replicas.length === 2)
      assert.equal(
        deployment.replicas.some(({ id }) => id === first!.id),
        false,
      )
      assert.equal(
        deployment.replicas.some(({ id }) => id === second!.id),
        true,
      )
      assert.equal(deployment.status.message, null)
    })

    void test('does not serve without a replica', async t => {
      const { driver, spec, crash } = await openBed(t)
      const deployment = driver.deploy(spec('serves'))
      await became(deployment, 'Serving')
      const down = became(deployment, 'NotServing')
      await crash(deployment, deployment.replicas[0]!)
      await down
      assert.deepEqual(deployment.replicas, [])
      await became(deployment, 'Serving')
    })

    void test('stops a servable, and takes its name again', async t => {
      const { driver, spec } = await openBed(t)
      const deployment = driver.deploy(spec('serves', { replicas: 2 }))
      await became(deployment, 'Serving')
      assert.throws(() => driver.deploy(spec('serves')), { code: 'ALREADY_EXISTS' })
      const counts: number[] = []
      deployment.onChange(() => counts.push(deployment.replicas.length))
      const stopped = deployment.stop(1000)
      assert.deepEqual(deployment.replicas, [])
      assert.equal(deployment.status.state, 'NotServing')
      assert.deepEqual(counts, [0])
      await Promise.all([stopped, deployment.stop(0)])
      await became(driver.deploy(spec('serves')), 'Serving')
      assert.deepEqual(counts, [0])
    })

    void test('can be stopped while it starts', async t => {
      const { driver, spec } = await openBed(t)
      const deployment = driver.deploy(spec('serves'))
      await deployment.stop(1000)
      assert.equal(deployment.status.state, 'NotServing')
      assert.deepEqual(deployment.replicas, [])
    })

    void test('keeps its log, and follows it until somebody ends that', async t => {
      const { driver, spec } = await openBed(t)
      const deployment = driver.deploy(spec('serves'))
      await became(deployment, 'Serving')
      const controller = new AbortController()
      for await (const line of deployment.logs({ follow: true, signal: controller.signal })) {
        if (line.includes('hello')) controller.abort()
      }
      const kept: string[] = []
      for await (const line of deployment.logs({ follow: false })) kept.push(line)
      assert.equal(
        kept.some(line => line.includes('hello')),
        true,
      )
      const toTheEnd = (async () => {
        let count = 0
        for await (const _ of deployment.logs({ follow: true })) count++
        return count
      })()
      await deployment.stop(1000)
      assert.equal((await toTheEnd) >= kept.length, true)
    })

    void test('tells nobody who does not want to know any more', async t => {
      const { driver, spec } = await openBed(t)
      const deployment = driver.deploy(spec('serves'))
      const stop = deployment.onChange(() => assert.fail('it was told'))
      stop()
      deployment.onChange(() => {
        throw new Error('a listener that fails harms nobody')
      })
      await became(deployment, 'Serving')
    })

    void test('stops all when it is closed, and starts nothing more', async t => {
      const { driver, spec } = await openBed(t)
      const names = ['one', 'two']
      const deployments = names.map(name => driver.deploy(spec('serves', { name })))
      await Promise.all(deployments.map(deployment => became(deployment, 'Serving')))
      await Promise.all([driver.close(1000), driver.close(1000)])
      for (const { replicas } of deployments) assert.deepEqual(replicas, [])
      assert.throws(() => driver.deploy(spec('serves')), { code: 'UNAVAILABLE' })
    })

    void test('refuses a kind of runtime that it does not have', async t => {
      const { driver, spec } = await openBed(t)
      const runtime = { kind: 'image', image: 'example/scaler:1' } as const
      assert.throws(() => driver.deploy(spec('serves', { runtime })), {
        code: 'UNIMPLEMENTED',
        message: /example\/scaler:1/,
      })
    })
  })
}

function became(deployment: Deployment, state: string): Promise<void> {
  return changed(deployment, () => deployment.status.state === state)
}

function changed(deployment: Deployment, isWanted: () => boolean): Promise<void> {
  return new Promise(resolve => {
    const look = () => {
      if (!isWanted()) return
      stop()
      resolve()
    }
    const stop = deployment.onChange(look)
    look()
  })
}
