import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { ServingError } from '@millrace/sdk'
import { ask, createPoolBed, KINDS, modelCode } from './pool-bed.ts'
import { UNSTABLE } from './unstable-model-fixture.ts'

for (const kind of KINDS) {
  test(`${kind}: a model that is loaded during a restart is on the new worker, too`, async t => {
    const bed = await createPoolBed(t, kind, { workerCount: 2 })
    const unstable = await bed.load('unstable', UNSTABLE)
    await assert.rejects(ask(unstable, 'exit'))
    const later = await bed.load('later', UNSTABLE)
    await bed.until(() => bed.serverLog.some(({ message }) => message === 'worker replaced'))
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask(later, 'who')))
    assert.equal(new Set(answers).size, 2)
  })

  test(`${kind}: a crash loop is told by readiness and by refusals, and a good replacement ends it`, async t => {
    const bed = await createPoolBed(t, kind)
    // It loads the first time, and again once there is a file.
    const model = await bed.load(
      'test',
      modelCode(
        `
      load() {
        if (existsSync(join(this.settings.folder, 'loaded'))) process.exit(5)
        writeFileSync(join(this.settings.folder, 'loaded'), '')
      }
      predict() { process.exit(4) }`,
        `import { existsSync, writeFileSync } from 'node:fs'\nimport { join } from 'node:path'`,
      ),
    )
    const good = await bed.load('good', UNSTABLE)
    await assert.rejects(ask(model, 'x'), /exit code 4/)
    const waiting = ask(model, 'x')
    await assert.rejects(waiting, { code: 'UNAVAILABLE', message: /exit code 5/ })
    assert.equal(model.model.isReady, false)
    assert.match(model.model.reason, /exit code 5/)
    // The model that stops its workers is given up, and the others are back.
    await bed.until(() => good.model.isReady && /3 workers/.test(model.model.reason))
    assert.match(await ask(good, 'who'), /\d/)
    assert.equal(model.model.isReady, false)
    assert.ok(existsSync(join(bed.folder, 'test', 'loaded')))
  })

  test(`${kind}: a load that fails or stops its worker does so once, and leaves nothing`, async t => {
    const bed = await createPoolBed(t, kind, { workerCount: 2 })
    const failing = modelCode(
      `load({ log }) { log.info('tried'); throw new RangeError('no such file') }\n predict() {}`,
    )
    await assert.rejects(bed.load('failing', failing), { name: 'RangeError', message: 'no such file' })
    assert.equal(bed.log.length, 1)
    assert.deepEqual(await bed.pools.statistics(), [])
    await assert.rejects(bed.load('exiting', modelCode('load() { process.exit(9) }\n predict() {}')), {
      code: 'INTERNAL',
      message: /exit code 9/,
    })
    await assert.rejects(bed.load('wrong', 'export const other = 1'), {
      code: 'INVALID_ARGUMENT',
      message: /no export 'TestModel'/,
    })
    assert.deepEqual(await bed.pools.statistics(), [])
  })

  test(`${kind}: a load that takes too long is given up; a worker that does not hear of it is replaced`, async t => {
    const bed = await createPoolBed(t, kind, { stopTimeoutMs: 50 })
    const good = await bed.load('good', UNSTABLE)
    const before = await ask(good, 'who')
    const late = new ServingError('DEADLINE_EXCEEDED', 'took too long')
    for (const [name, body] of [
      ['idle', 'await new Promise(() => {})'],
      ['blocked', 'while (true);'],
    ] as const) {
      const stop = new AbortController()
      const code = modelCode(`async load({ log }) { log.info('${name}'); ${body} }\npredict() {}`)
      const loading = bed.load(name, code, {}, stop.signal)
      void bed.logged(name).then(() => stop.abort(late))
      await assert.rejects(loading, error => error === late)
      const after = await ask(good, 'who')
      assert.equal(after === before, name === 'idle')
    }
  })

  test(`${kind}: models that load beside one that stops the worker are loaded all the same`, async t => {
    const bed = await createPoolBed(t, kind)
    const slow =
      modelCode(`load({ log }) { log.info('begun'); return new Promise(resolve => setTimeout(resolve, 50)) }
      predict() { return say('fine') }`)
    const exiting = modelCode(`load() { setTimeout(() => process.exit(6), 5); return new Promise(() => {}) }
      predict() {}`)
    const loads = [bed.load('one', slow), bed.load('bad', exiting), bed.load('two', slow)] as const
    await assert.rejects(loads[1], { code: 'INTERNAL', message: /exit code 6/ })
    assert.deepEqual([await ask(await loads[0], 'x'), await ask(await loads[2], 'x')], ['fine', 'fine'])
  })

  test(`${kind}: a model that a new worker cannot load is not ready, and tried again`, async t => {
    const bed = await createPoolBed(t, kind)
    const code = `
      load() { if (existsSync(join(this.settings.folder, 'obstacle'))) throw new RangeError('something is in the way') }
      predict(request) { if (textOf(request) === 'exit') process.exit(2); return say('back') }`
    const model = await bed.load(
      'test',
      modelCode(code, `import { existsSync } from 'node:fs'\nimport { join } from 'node:path'`),
    )
    const obstacle = join(bed.folder, 'test', 'obstacle')
    await writeFile(obstacle, '')
    await assert.rejects(ask(model, 'exit'), /exit code 2/)
    await bed.until(() => !model.model.isReady)
    assert.equal(model.model.reason, 'It could not be loaded again: something is in the way')
    await assert.rejects(ask(model, 'x'), { code: 'UNAVAILABLE', message: /in the way/ })
    await rm(obstacle)
    await bed.until(() => model.model.isReady)
    assert.equal(await ask(model, 'x'), 'back')
  })
}

test('process: workers that cannot be started fail the load', async t => {
  const bed = await createPoolBed(t, 'process')
  const { execPath } = process
  process.execPath = join(bed.folder, 'nowhere')
  t.after(() => void (process.execPath = execPath))
  await assert.rejects(bed.load('test', UNSTABLE), { code: 'UNAVAILABLE', message: /ENOENT/ })
  assert.deepEqual(await bed.pools.statistics(), [])
  process.execPath = execPath
  assert.match(await ask(await bed.load('test', UNSTABLE), 'who'), /\d/)
})
