import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { driverBed } from './driver-bed.ts'
import { driverSuite } from './driver-suite-fixture.ts'
import { createMemoryDriver } from './memory-driver-fixture.ts'

driverSuite('processes', async t => {
  const { driver, spec, dataFolder } = await driverBed(t)
  const behaviours = { serves: { behaviour: '' }, fails: { behaviour: 'unlucky' } }
  return {
    driver,
    spec: (what, changes) => spec(behaviours[what], changes),
    async crash(_, { id }) {
      const record = await readFile(join(dataFolder, 'replicas', `${id}.json`), 'utf8')
      process.kill((JSON.parse(record) as { pid: number }).pid, 'SIGKILL')
    },
  }
})

driverSuite('the one for tests', () => {
  const driver = createMemoryDriver({
    address: (_, start) => `127.0.0.1:${start + 1}`,
    onDeploy({ name, environment }, driver) {
      driver.write(name, 'hello')
      const isLucky = environment['LUCK'] !== 'none'
      setImmediate(() => {
        if (!driver.deployments.has(name)) return
        if (isLucky) driver.set(name, { state: 'Serving', message: null })
        else driver.set(name, { state: 'NotServing', message: 'no luck' })
      })
    },
  })
  return {
    driver,
    spec: (what, changes) => ({
      name: 'scaler-1-quiet-river',
      modelName: 'scaler',
      modelVersion: 1,
      modelFolder: '/nowhere',
      runtime: { kind: 'built-in' },
      replicas: 1,
      environment: what === 'fails' ? { LUCK: 'none' } : {},
      limits: {},
      ...changes,
    }),
    crash({ spec: { name }, replicas }, replica) {
      driver.set(name, { state: 'NotServing', message: 'it has ended' }, replicas.indexOf(replica))
      setImmediate(() => driver.set(name, { state: 'Serving', message: null }))
    },
  }
})
