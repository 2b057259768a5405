import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ApplicationView, applicationBody, type VersionView } from '../bed/manager-calls.ts'
import { bedOf, registerScripted, type UpBed } from '../bed/up-bed.ts'
import { startUp } from '../bed/up-process.ts'
import { servableProcesses } from './servable-processes.ts'
import { answering } from './simple-models.ts'
import { quantile, type Trial } from './trial.ts'

/** Longest time from the first deed to the crash. */
const LATEST_MS = 1500
const ORPHANS_GONE_MS = 20_000
/** Crashes. */
const TELL_EVERY = 5

/** What the platform has said that it has, and must therefore still have. */
interface Acknowledged {
  /** `name:version` of uploads that were answered. */
  readonly versions: Set<string>
  /** The version that the application `steady` was last told to be made of, and those it may have become since. */
  readonly steady: { said: number; readonly maybe: Set<number> }
}

type Deed = (bed: UpBed, known: Acknowledged, round: number) => Promise<void>

const DEEDS: Readonly<Record<string, Deed>> = {
  async upload(bed, { versions }, round) {
    for (let index = 0; index < 20; index++) {
      const { status, json } = await bed.upload(answering(`uploaded-${round % 3}`, index))
      if (status === 200) versions.add(nameOf(json as VersionView))
    }
  },
  async build(bed, { versions }, round) {
    const more = { installCommand: 'echo begun; sleep 0.3; echo ended' }
    const { status, json } = await bed.upload(answering(`built-${round % 3}`, 1, { more }))
    if (status !== 200) return
    versions.add(nameOf(json as VersionView))
    await bed.built(json as VersionView)
  },
  async deploy(bed) {
    const { status, text } = await bed.call('POST', '/api/v2/servable', { modelName: 'one', version: 1 })
    assert.equal(status, 200, text)
    const { fullName } = JSON.parse(text) as { fullName: string }
    await bed.servableIn(fullName, 'Serving')
    await bed.ok('DELETE', `/api/v2/servable/${fullName}`)
  },
  async update(bed, { steady }) {
    const before = await bed.ok<ApplicationView>('GET', '/api/v2/application/steady')
    const next = before.executionGraph.stages[0]!.modelVariants[0]!.modelVersionId === 1 ? 2 : 1
    steady.maybe.add(next)
    await bed.ok('PUT', '/api/v2/application', {
      id: before.id,
      ...applicationBody('steady', [[[next, 100]]]),
    })
    steady.said = next
    steady.maybe.clear()
    await bed.applicationIn('steady', 'Ready')
  },
}

/** Kills the platform at random moments of what it does, and looks at what the next one makes of the rest. */
export const crashes: Trial = async ({ rounds, random, tell, interrupted }) => {
  const dataFolder = await mkdtemp(join(tmpdir(), 'millrace-crashes-'))
  const known: Acknowledged = { versions: new Set(), steady: { said: 1, maybe: new Set() } }
  const lines: string[] = []
  const restartsMs: number[] = []
  const startedMs = performance.now()
  const summary = () => {
    const seconds = [0.5, 1].map(fraction => (quantile(restartsMs, fraction) / 1000).toFixed(1))
    return (
      `${restartsMs.length} of ${lines.length} crashes were recovered from; ${known.versions.size} versions were ` +
      `acknowledged; until everything was served again: median ${seconds[0]} s, longest ${seconds[1]} s`
    )
  }
  try {
    for (let round = 0; round <= rounds; round++) {
      const isLast = round === rounds || interrupted.aborted
      const beginMs = performance.now()
      const bed = bedOf(await startUp({ dataFolder }))
      try {
        if (round === 0) await prepare(bed)
        else {
          await check(bed, known)
          restartsMs.push(performance.now() - beginMs)
          if (round % TELL_EVERY === 0) {
            tell(`${summary()} (${((performance.now() - startedMs) / 1000).toFixed(0)} s)`)
          }
        }
        if (isLast) break
        const names = Object.keys(DEEDS)
        const name = names[round % names.length]!
        const afterMs = Math.floor(random() * LATEST_MS)
        const deed = again(() => DEEDS[name]!(bed, known, round))
        await new Promise(resolve => setTimeout(resolve, afterMs))
        await bed.up.kill()
        lines.push(`${name} for ${afterMs} ms: ${await deed}`)
      } finally {
        bed.gateway.close()
        if (isLast) await bed.up.stop()
        else await bed.up.kill()
      }
      await orphansGone(dataFolder)
    }
  } catch (error) {
    // An interruption from the terminal ends the platform too.
    if (interrupted.aborted) return [...lines, summary()]
    throw new Error(`after ${lines.at(-1) ?? 'the first start'} (round ${lines.length})`, { cause: error })
  } finally {
    await rm(dataFolder, { recursive: true, force: true, maxRetries: 5 })
  }
  return [...lines, summary()]
}

/** Does it on and on, until it is cut off. */
async function again(deed: () => Promise<void>): Promise<string> {
  for (let done = 0; ; done++) {
    try {
      await deed()
    } catch (error) {
      if (!isCut(error)) throw error
      return `cut off after it was done ${done} times`
    }
  }
}

async function prepare(bed: UpBed): Promise<void> {
  await registerScripted(bed)
  const one = await bed.release(answering('one', 1))
  const two = await bed.release(answering('two', 2))
  assert.deepEqual([one.id, two.id], [1, 2])
  await bed.ready('steady', [[[1, 100]]])
}

async function check(bed: UpBed, { versions, steady }: Acknowledged): Promise<void> {
  const list = await bed.ok<readonly VersionView[]>('GET', '/api/v2/model/version')
  const there = new Set(list.map(nameOf))
  for (const name of versions) assert.ok(there.has(name), `${name} was acknowledged, and is gone`)
  assert.equal(there.size, list.length, 'two versions have one number')
  for (const version of list) {
    assert.notEqual(version.status, 'Assembling', `${nameOf(version)} is still Assembling`)
  }
  const { executionGraph } = await bed.applicationIn('steady', 'Ready')
  const { modelVersionId: is } = executionGraph.stages[0]!.modelVariants[0]!
  assert.ok(
    is === steady.said || steady.maybe.has(is),
    `steady is made of ${is}, and was told ${steady.said}`,
  )
  steady.said = is
  steady.maybe.clear()
  assert.deepEqual(await bed.ask('steady', { x: 1 }), { status: 200, json: { y: is } })
}

/** Whether an error is that of a connection that has ended. */
function isCut(error: unknown): boolean {
  const text = error instanceof Error ? `${error.message} ${String(error.cause)}` : ''
  return /fetch failed|terminated|ended before|ECONN|socket|aborted/i.test(text)
}

async function orphansGone(dataFolder: string): Promise<void> {
  const givenUpMs = Date.now() + ORPHANS_GONE_MS
  for (;;) {
    const left = await servableProcesses(dataFolder)
    if (left.length === 0) return
    if (Date.now() > givenUpMs) throw new Error(`processes ${left.join(', ')} outlived the platform`)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

const nameOf = ({ model, modelVersion }: VersionView) => `${model.name}:${modelVersion}`
