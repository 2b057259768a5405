import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ask, createPoolBed, modelCode, requestOf, testCall } from './pool-bed.ts'

const PID = modelCode('predict() { return say(process.pid) }')

test('what a worker writes that is no message ends it', async t => {
  const bed = await createPoolBed(t, 'process')
  const model = await bed.load(
    'test',
    modelCode(
      `predict() { writeSync(3, 'a line that was meant for a terminal\\n'); return say('x') }`,
      `import { writeSync } from 'node:fs'`,
    ),
  )
  await assert.rejects(model.predict(requestOf(), testCall()), {
    code: 'INTERNAL',
    message: /stopped unexpectedly/,
  })
})

test('signals that mean the server leave its workers alone', async t => {
  const bed = await createPoolBed(t, 'process')
  const model = await bed.load('test', PID)
  const pid = await ask(model, 'who')
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGQUIT'] as const) {
    process.kill(Number(pid), signal)
    assert.equal(await ask(model, 'who'), pid)
  }
})

test('a worker ends when its server has been killed', async t => {
  const bed = await createPoolBed(t, 'process')
  await bed.write('test', PID)
  const flags = process.execArgv.filter(flag => flag.startsWith('--conditions'))
  const fixture = fileURLToPath(new URL('./server-fixture.ts', import.meta.url))
  const server = spawn(process.execPath, [...flags, fixture, join(bed.folder, 'test')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(server.stdout, 'data')) as [Buffer]
  assert.ok(Number(line.toString()) > 0)
  server.kill('SIGKILL')
  // The worker has its server's standard output as well, which ends only with it.
  await once(server, 'close')
})

test('a worker that is busy ends when its server exits', async t => {
  const bed = await createPoolBed(t, 'process')
  const busy = `predict() {
    writeSync(1, 'busy')
    const endMs = Date.now() + 20_000
    while (Date.now() < endMs);
    writeSync(1, 'done')
  }`
  await bed.write('test', modelCode(busy, `import { writeSync } from 'node:fs'`))
  const flags = process.execArgv.filter(flag => flag.startsWith('--conditions'))
  const fixture = fileURLToPath(new URL('./server-fixture.ts', import.meta.url))
  const server = spawn(process.execPath, [...flags, fixture, join(bed.folder, 'test'), 'ask'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  server.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
    if (text.includes('busy')) server.kill('SIGTERM')
  })
  // The worker has its server's standard output as well, which ends only with it.
  await once(server, 'close')
  assert.match(said, /busy$/)
})
