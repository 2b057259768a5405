import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { COMPILE_CACHE, driverBed, gone, isAlive, isServing, PROGRAM, until } from './driver-bed.ts'
import type { ProcessRecord } from './process-records.ts'
import { findByVariable, readBootId, readProcess } from './process-table.ts'

const CONTROL_PLANE = fileURLToPath(import.meta.resolve('./test/control-plane.ts'))
const MARK = 'DEPLOY_TEST_MARK'
const ROUNDS = 4
const LONGEST_LIFE_MS = 500

test('nothing is left of a control plane that is killed at any moment', async t => {
  const { driver, spec, modelFolder, dataFolder } = await driverBed(t)
  const mark = randomUUID()
  const marked = async () => {
    const pids = await findByVariable(MARK, new Set([mark]))
    return pids.filter(isAlive).map(pid => ({ pid, group: readProcess(pid)?.group }))
  }
  for (let round = 0; round < ROUNDS; round++) {
    const args = ['--conditions=millrace-source', CONTROL_PLANE, dataFolder, modelFolder, PROGRAM[1]!, mark]
    const parent = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, NODE_COMPILE_CACHE: COMPILE_CACHE },
    })
    t.after(() => parent.kill('SIGKILL'))
    await once(parent.stdout, 'data')
    // The moment is what this is about: anywhere between the first start and all of them serving.
    await wait(((round + Math.random()) / ROUNDS) * LONGEST_LIFE_MS)
    parent.kill('SIGKILL')
    await once(parent, 'exit')
    // All but what has left its group and leads its own is gone without anybody's help.
    const groups = (await names(dataFolder)).length
    assert.equal(groups <= 2, true)
    let left = await marked()
    while (left.some(({ pid, group }) => pid !== group || isReplica(pid))) {
      await wait(5)
      left = await marked()
    }
  }
  await driver.cleanUp()
  assert.deepEqual(await marked(), [])
  assert.deepEqual(await names(dataFolder), [])
  const deployment = driver.deploy(spec())
  await until(deployment, isServing)
})

/** Whether it is the program of the tests, and not what that has started. */
function isReplica(pid: number): boolean {
  return readProcess(pid)?.name !== 'sleep'
}

function startOf(pid: number): number {
  return readProcess(pid)!.startTicks
}

async function names(dataFolder: string): Promise<readonly string[]> {
  return readdir(join(dataFolder, 'replicas')).catch(() => [])
}

test('nothing is left after a close, whatever came before', async t => {
  const { driver, spec, dataFolder } = await driverBed(t, { times: { restartDelayMs: 1 } })
  const mark = randomUUID()
  const behaviours = ['parent', 'stubborn', 'exit', 'deaf', 'http1', '']
  const deployments = behaviours.map((behaviour, index) =>
    driver.deploy(spec({ behaviour }, { name: `s${index}`, replicas: 1, environment: { [MARK]: mark } })),
  )
  const stopped: Promise<void>[] = []
  for (let turn = 0; turn < 12; turn++) {
    await wait(Math.random() * 50)
    const pids = await findByVariable(MARK, new Set([mark]))
    const victim = pids[Math.floor(Math.random() * pids.length)]
    if (victim !== undefined && isAlive(victim)) process.kill(victim, 'SIGKILL')
    if (turn % 4 === 3) stopped.push(deployments[turn % deployments.length]!.stop(20))
  }
  await driver.close(20)
  await Promise.all(stopped)
  const left = await findByVariable(MARK, new Set([mark]))
  await Promise.all(left.map(gone))
  assert.deepEqual(await names(dataFolder), [])
  for (const { replicas, status } of deployments) {
    assert.deepEqual(replicas, [])
    assert.equal(status.message, 'it is stopped')
  }
})

test('only processes of an earlier life are ended, and no others that have their ids', async t => {
  const { driver, dataFolder, logged } = await driverBed(t)
  const sleepers = Array.from({ length: 6 }, () =>
    spawn('sleep', ['600'], { detached: true, stdio: 'ignore', env: { PATH: process.env['PATH'] } }),
  )
  for (const sleeper of sleepers) t.after(() => sleeper.kill('SIGKILL'))
  await Promise.all(sleepers.map(sleeper => once(sleeper, 'spawn')))
  const [own, reused, unknown, otherBoot, inUse, process1] = sleepers.map(({ pid }) => pid!)
  const dead = { pid: 999_999_999, startTicks: 1 }
  const record = (pid: number, change: Partial<ProcessRecord> = {}): ProcessRecord => ({
    replicaId: randomUUID(),
    servable: 's',
    pid,
    startTicks: startOf(pid),
    parent: dead,
    bootId: readBootId(),
    ...change,
  })
  const records = [
    record(own!),
    record(reused!, { startTicks: startOf(reused!) - 1 }),
    record(unknown!, { startTicks: undefined }),
    record(otherBoot!, { bootId: 'another' }),
    record(inUse!, { parent: { pid: process.pid, startTicks: startOf(process.pid) } }),
    // Nobody's replica: as a group it would be everybody.
    record(process1!, { pid: 1 }),
  ]
  const folder = join(dataFolder, 'replicas')
  await mkdir(folder, { recursive: true })
  for (const entry of records) await writeFile(join(folder, `${entry.replicaId}.json`), JSON.stringify(entry))
  for (const text of [
    '',
    'null',
    '{"pid":',
    '{"replicaId":"../x","servable":"s","pid":2,"parent":{"pid":2}}',
  ]) {
    await writeFile(join(folder, `${randomUUID()}.json`), text)
  }
  await driver.cleanUp()
  await gone(own!)
  assert.deepEqual(
    [reused, unknown, otherBoot, inUse, process1].map(pid => isAlive(pid!)),
    Array(5).fill(true),
  )
  assert.deepEqual(await names(dataFolder), [`${records[4]!.replicaId}.json`])
  assert.match(logged.join('\n'), /another control plane runs models with the same data folder/)
})
