import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { ServingError } from '@millrace/sdk'
import { processTree } from '../../bench/process/process-tree.ts'
import { ServerProcess } from '../fuzz/target/server-process.ts'
import { answerFault } from './mixed/answer-fault.ts'
import { DOORS } from './mixed/doors.ts'
import type { Question } from './mixed/question.ts'

const REPOSITORY = fileURLToPath(new URL('repositories/terminate', import.meta.url))
const STREAM_ANSWERS = 6

interface Bed {
  readonly server: ServerProcess
  /** Ids of the requests that a model has begun to answer. */
  readonly asked: () => Promise<ReadonlySet<string>>
}

async function start(t: TestContext, environment: Readonly<Record<string, string>>): Promise<Bed> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-terminate-'))
  const file = join(folder, 'asked')
  await writeFile(file, '')
  const server = await ServerProcess.start(REPOSITORY, {
    environment: { ASKED_FILE: file, ...environment },
    trouble: /unhandled|FATAL/i,
  })
  t.after(async () => {
    await server.stop()
    await rm(folder, { recursive: true })
  })
  const asked = async () => new Set((await readFile(file, 'utf8')).split('\n').filter(id => id !== ''))
  return { server, asked }
}

/** Ids are numbers, which batched rows can carry. */
function question(modelName: string, number: number): Question {
  const data = Int32Array.of(number, number + 1, number + 2)
  const outputs = [{ name: 'numbers', datatype: 'INT32', shape: [1, 3], data }] as const
  const isStream = modelName === 'streaming'
  return {
    request: { modelName, id: String(number), inputs: outputs },
    isStream,
    answers: Array.from({ length: isStream ? STREAM_ANSWERS : 1 }, () => outputs),
    version: undefined,
    isInWorker: modelName !== 'quick',
  }
}

/** `right`, or how it was not. */
type Outcome = string

/** Asks without an end on a lane of its own until the server cannot be reached, which it must say cleanly. */
async function load(
  { server }: Bed,
  lane: number,
  models: readonly string[],
  outcomes: Map<string, Outcome>,
): Promise<void> {
  const doors = Object.values(DOORS)
  const door = doors[lane % doors.length]!(server.ports)
  try {
    for (let count = 0; ; count++) {
      const asking = question(models[(lane + count) % models.length]!, lane * 1000 + count)
      const { id } = asking.request
      try {
        outcomes.set(id, answerFault(asking, await door.ask(asking)) ?? 'right')
      } catch (error) {
        outcomes.set(id, ServingError.is(error) ? `${error.code}: ${error.message}` : String(error))
        return
      }
    }
  } finally {
    await door.close()
  }
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(10)
}

suite('SIGTERM under load', () => {
  for (const kind of ['process', 'thread']) {
    test(`loses nothing that was accepted, with batches and streams in worker ${kind === 'process' ? 'processes' : 'threads'}`, async t => {
      const bed = await start(t, { MILLRACE_WORKER_KIND: kind })
      const outcomes = new Map<string, Outcome>()
      const models = ['slow', 'batched', 'streaming', 'quick']
      const lanes = Array.from({ length: 16 }, (_, lane) => load(bed, lane, models, outcomes))
      // Every lane has one answer behind it and, at most a moment later, another question under way.
      await until(async () => (await bed.asked()).size >= 32)
      const stopped = bed.server.stop()
      // Service managers tell every process of the group.
      for (const { pid } of processTree(bed.server.pid).slice(1)) process.kill(pid, 'SIGTERM')
      assert.equal(await stopped, undefined)
      await Promise.all(lanes)

      const asked = await bed.asked()
      for (const id of asked) assert.equal(outcomes.get(id), 'right', `request ${id} was accepted`)
      for (const [id, outcome] of outcomes) {
        if (!asked.has(id)) assert.match(outcome, /^UNAVAILABLE: /, `request ${id} was not accepted`)
        assert.doesNotMatch(outcome, /broke off/, `request ${id}`)
      }
      assert.equal(
        outcomes
          .values()
          .filter(outcome => outcome !== 'right')
          .toArray().length,
        lanes.length,
      )
    })
  }

  test('ends in time with a model that never answers, and answers everybody else', async t => {
    const bed = await start(t, { MILLRACE_WORKER_KIND: 'process', MILLRACE_SHUTDOWN_TIMEOUT: '1.5' })
    const outcomes = new Map<string, Outcome>()
    const hanging = Array.from({ length: 4 }, (_, lane) => load(bed, 100 + lane, ['hanging'], outcomes))
    const lanes = Array.from({ length: 8 }, (_, lane) => load(bed, lane, ['slow', 'streaming'], outcomes))
    await until(async () => {
      const asked = await bed.asked()
      return asked.size >= 20 && hanging.every((_, lane) => asked.has(`${100 + lane}000`))
    })
    // Exit code 0: it ended by itself, and was not made to.
    assert.equal(await bed.server.stop(), undefined)
    await Promise.all([...hanging, ...lanes])
    for (const id of await bed.asked()) {
      const expected =
        Number(id) < 100_000 ? /^right$/ : /^UNAVAILABLE: .*server is (?:stopping|shutting down)/
      assert.match(outcomes.get(id) ?? 'no answer', expected, `request ${id}`)
    }
  })
})
