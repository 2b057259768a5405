import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { FREE_PORTS, modelFiles, startCommand, type TestCommand, testFolder } from './test-command.ts'

/** Answers only after the process has been told to stop, which a thread is not. */
const LATE = `import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
setInterval(() => {}, 1000)
const stopping = once(process, 'SIGTERM')
export class TestModel {
  async predict({ id }, { log }) {
    log.info('asked ' + id)
    await stopping
    await setTimeout(50)
    return { outputs: [] }
  }
  unload() { process.stderr.write('unloaded\\n') }
}`
const NEVER = `export class TestModel {
  predict({ id }, { log }) { log.info('asked ' + id); return new Promise(() => {}) }
}`

async function start(t: TestContext, code: string, settings: object = {}) {
  const folder = await testFolder(t, {
    ...modelFiles('m', code, { placement: 'server' }),
    'settings.json': JSON.stringify(settings),
  })
  const command = startCommand(t, ['serve', folder, ...FREE_PORTS])
  const [, rest] = await command.printed(/REST +(\S+)/)
  await command.printed(/ready in/)
  return { command, ask: (id: string) => ask(command, rest!, id) }
}

/** Sends a request, and waits until the model has it. */
async function ask(
  command: TestCommand,
  rest: string,
  id: string,
): Promise<{ answer: Promise<Response | Error> }> {
  const body = JSON.stringify({ id, inputs: [] })
  const answer = fetch(`${rest}/v2/models/m/infer`, { method: 'POST', body }).catch(
    (error: unknown) => error as Error,
  )
  await command.printed(new RegExp(`asked ${id}\\b`))
  return { answer }
}

async function statusOf({
  answer,
}: {
  readonly answer: Promise<Response | Error>
}): Promise<number | string> {
  const response = await answer
  return response instanceof Error ? response.message : response.status
}

suite('a signal to stop', () => {
  test('lets accepted requests finish, unloads, and ends with 0 whatever the models left behind', async t => {
    const { command, ask } = await start(t, LATE)
    const running = [await ask('1'), await ask('2'), await ask('3')]
    command.child.kill('SIGTERM')
    assert.deepEqual(await Promise.all(running.map(statusOf)), [200, 200, 200])
    assert.equal(await command.ended, 0)
    assert.match(command.stderr, /stopping: no new requests[^]*unloaded\n[^]*stopped\n$/)
  })

  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    test(`${signal} does the same`, async t => {
      const { command } = await start(t, NEVER)
      command.child.kill(signal)
      assert.equal(await command.ended, 0)
    })
  }

  test('does not wait for ever for a request that never ends', async t => {
    const { command, ask } = await start(t, NEVER, { shutdown_timeout: 0.1 })
    const running = await ask('1')
    command.child.kill('SIGTERM')
    assert.equal(await statusOf(running), 503)
    assert.equal(await command.ended, 0)
  })

  test('while models load stops the load', async t => {
    const code =
      'export class TestModel { load({ log }) { log.info("loading"); return new Promise(() => {}) } predict() {} }'
    const command = startCommand(t, ['serve', await testFolder(t, modelFiles('m', code)), ...FREE_PORTS])
    await command.printed(/loading/)
    command.child.kill('SIGTERM')
    assert.equal(await command.ended, 0)
  })
})

/** Inside native code until somebody writes to the pipe beside it, which nobody does. */
const HELD = `import { execFileSync } from 'node:child_process'
import { openSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
const pipe = fileURLToPath(new URL('pipe', import.meta.url))
export class TestModel {
  async predict({ id }, { log }) {
    execFileSync('mkfifo', [pipe])
    log.info('asked ' + id)
    await new Promise(resolve => setImmediate(resolve))
    openSync(pipe, 'r')
  }
}`

async function startHeld(t: TestContext, settings: object) {
  const folder = await testFolder(t, {
    ...modelFiles('m', HELD, { placement: 'worker' }),
    'settings.json': JSON.stringify({ parallel_workers_timeout: 0, ...settings }),
  })
  const command = startCommand(t, ['serve', folder, ...FREE_PORTS])
  const [, rest] = await command.printed(/REST +(\S+)/)
  await command.printed(/ready in/)
  const running = await ask(command, rest!, '1')
  command.child.kill('SIGTERM')
  await command.printed(/stopping/)
  return { command, running }
}

suite('a worker thread that native code holds', () => {
  test('does not keep the process from ending with 0', async t => {
    const { command, running } = await startHeld(t, { shutdown_timeout: 0.1 })
    assert.equal(await statusOf(running), 503)
    assert.equal(await command.ended, 0)
    assert.match(command.stderr, /native code holds its thread[^]*stopped\n$/)
  })

  test('nor a second signal from ending it at once', async t => {
    const { command, running } = await startHeld(t, { shutdown_timeout: 3600 })
    command.child.kill('SIGTERM')
    assert.equal(await command.ended, 143)
    await running.answer
  })
})

suite('a second signal ends the process at once', () => {
  for (const [second, exitCode] of [
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const) {
    test(second, async t => {
      const { command, ask } = await start(t, NEVER, { shutdown_timeout: 3600 })
      const running = await ask('1')
      command.child.kill('SIGTERM')
      await command.printed(/stopping/)
      command.child.kill(second)
      assert.equal(await command.ended, exitCode)
      assert.equal(typeof (await statusOf(running)), 'string')
    })
  }
})

test('a server whose output nobody reads any more serves on', async t => {
  const code =
    'export class TestModel { predict({ id }, { log }) { log.info("asked " + id); return { outputs: [] } } }'
  const { command, ask } = await start(t, code)
  const first = await ask('1')
  assert.equal(await statusOf(first), 200)
  command.child.stdout?.destroy()
  command.child.stderr?.destroy()
  const [, rest] = /REST +(\S+)/.exec(command.stdout)!
  for (const id of ['2', '3']) {
    const body = JSON.stringify({ id, inputs: [] })
    assert.equal((await fetch(`${rest}/v2/models/m/infer`, { method: 'POST', body })).status, 200)
  }
  command.child.kill('SIGTERM')
  assert.equal(await command.ended, 0)
})

test('a promise that a model forgets is logged, and the server serves on', async t => {
  const code = `export class TestModel {
  predict({ id }, { log }) {
    void Promise.reject(new Error('forgotten'))
    log.info('asked ' + id)
    return { outputs: [] }
  }
}`
  const { command, ask } = await start(t, code)
  assert.equal(await statusOf(await ask('1')), 200)
  await command.printed(/unhandled rejection[^]*forgotten/)
  assert.equal(await statusOf(await ask('2')), 200)
  command.child.kill('SIGTERM')
  assert.equal(await command.ended, 0)
})
