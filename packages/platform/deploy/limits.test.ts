import assert from 'node:assert/strict'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import type { ServableSpec } from './deploy-driver.ts'
import { driverBed, gone, isAlive, isServing, logLine, pidsOf, until } from './driver-bed.ts'

suite('limits of a replica', { concurrency: 3 }, () => {
  test('one that uses more memory than it may is ended and started again', async t => {
    const { driver, spec } = await driverBed(t)
    const limits = { memoryBytes: 512 * 1024 * 1024 }
    const deployment = driver.deploy(spec({ behaviour: 'hungry' }, { limits }))
    await until(deployment, ({ status }) => /of memory/.test(status.message ?? ''))
    assert.equal(deployment.status.state, 'NotServing')
    assert.match(
      deployment.status.message!,
      /^the replica was ended because it used \d+ MiB of memory; its limit is 512 MiB/,
    )
    const [first] = await pidsOf(deployment)
    await logLine(deployment, /hello/, 2)
    assert.equal(isAlive(first!), false)
  })

  test('gigabytes of output hold up nobody, and are kept in part', async t => {
    const { driver, spec, dataFolder } = await driverBed(t, { maxLogFileBytes: 1024 * 1024 })
    const deployment = driver.deploy(spec({ behaviour: 'talkative' }))
    let leftBytes = 0
    for await (const line of deployment.logs({ follow: true })) {
      leftBytes += Number(/^… (\d+) bytes left out$/.exec(line)?.[1] ?? 0)
      if (line === 'all is said') break
      // It may be among what is left out.
      if (leftBytes > 2e9) break
    }
    await until(deployment, isServing)
    assert.equal(leftBytes > 1e9, true)
    let count = 0
    for await (const _ of deployment.logs({ follow: false })) count++
    assert.equal(count <= 2000, true)
    await driver.close(1000)
    const folder = join(dataFolder, 'logs')
    const names = await readdir(folder)
    assert.deepEqual(names.toSorted(), ['scaler-1-quiet-river.log', 'scaler-1-quiet-river.log.1'])
    for (const name of names) assert.equal((await stat(join(folder, name))).size <= 4.5 * 1024 * 1024, true)
  })

  test('what it starts ends with it, in its group and outside', async t => {
    const { driver, spec } = await driverBed(t)
    const deployment = driver.deploy(spec({ behaviour: 'parent' }))
    await until(deployment, isServing)
    const children: number[] = []
    for await (const line of deployment.logs({ follow: false })) {
      const pid = /child (\d+)/.exec(line)?.[1]
      if (pid !== undefined) children.push(Number(pid))
    }
    assert.deepEqual(children.map(isAlive), [true, true])
    await deployment.stop(1000)
    await Promise.all(children.map(gone))
  })

  test('one that does not heed SIGTERM is killed after its grace', async t => {
    const { driver, spec, dataFolder } = await driverBed(t)
    const deployment = driver.deploy(spec({ behaviour: 'stubborn' }))
    await until(deployment, isServing)
    const [pid] = await pidsOf(deployment)
    const lines = deployment.logs({ follow: true })
    const stopped = deployment.stop(300)
    let hasHeard = false
    for await (const line of lines) hasHeard ||= line === 'not now'
    await stopped
    assert.equal(hasHeard, true)
    assert.equal(isAlive(pid!), false)
    assert.deepEqual(await readdir(join(dataFolder, 'replicas')), [])
    assert.deepEqual(await readdir(join(dataFolder, 'logs')), [])
  })
})

test('a log begins with the last lines of an earlier life', async t => {
  const first = await driverBed(t)
  const deployment = first.driver.deploy(first.spec())
  await until(deployment, isServing)
  const [pid] = await pidsOf(deployment)
  await first.driver.close(1000)
  const second = await driverBed(t, { dataFolder: first.dataFolder })
  const again = second.driver.deploy(second.spec())
  assert.deepEqual(await pidsOf(again), [pid])
})

test('what cannot be deployed is refused', async t => {
  const { driver, spec } = await driverBed(t)
  const cases: [change: Partial<ServableSpec>, message: RegExp][] = [
    [{ name: '../x' }, /^name is "\.\.\/x"; it must be up to 200 letters/],
    [{ name: 'x'.repeat(201) }, /^name is /],
    [{ modelFolder: 'model' }, /^modelFolder is "model"; it must be an absolute path$/],
    [{ replicas: 0 }, /^replicas is 0; it must be a whole number from 1 to 100$/],
    [{ replicas: 101 }, /^replicas is 101/],
    [{ replicas: 1.5 }, /^replicas is 1\.5/],
    [{ environment: { 'A=B': '' } }, /^environment is "A=B"; it must be names without = and NUL$/],
    [{ environment: { A: 'x\0y' } }, /^environment\.A is /],
    [{ limits: { memoryBytes: 0 } }, /^limits\.memoryBytes is 0; it must be above 0$/],
    [{ limits: { cpus: Number.NaN } }, /^limits\.cpus is null; it must be above 0$/],
    [{ runtime: { kind: 'program', command: [''] } }, /^runtime\.command is /],
  ]
  for (const [change, message] of cases) {
    assert.throws(() => driver.deploy(spec({}, change)), { code: 'INVALID_ARGUMENT', message })
  }
  assert.throws(() => driver.deploy(spec({}, { runtime: { kind: 'image', image: 'a/b:1' } })), {
    code: 'UNIMPLEMENTED',
    message: /register a runtime of that name with the parameter MILLRACE_COMMAND/,
  })
})
