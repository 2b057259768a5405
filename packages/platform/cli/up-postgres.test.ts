import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { openPostgresBed } from '../store/test/postgres-bed.ts'
import { EXIT } from './exit-codes.ts'
import { FREE_PORTS, runCommand, startCommand, testFolder } from './test-command.ts'

const MODEL = `kind: Model
name: plus
runtime: millrace/runtime:latest
payload: [src/]
contract:
  name: plus
  inputs:
    x: { shape: scalar, type: double, profile: numerical }
  outputs:
    y: { shape: scalar, type: double, profile: numerical }
`

/** An application of this version of the model. */
const application = (version: number) =>
  `kind: Application\nname: plus\nsingular:\n  model: plus:${version}\n`
/** Code that adds a number. */
const code = (added: number) =>
  `export const plus = ({ x }) => ({ y: { shape: [], data: [x.data[0] + ${added}] } })\n`

async function answer(url: string): Promise<unknown> {
  const headers = { 'content-type': 'application/json' }
  const target = `${url}/gateway/application/plus`
  const response = await fetch(target, { method: 'POST', headers, body: '{"x":10}' })
  return response.json()
}

const bed = await openPostgresBed()

test('a platform on PostgreSQL: stopped and killed, it has everything, and its applications answer again', {
  skip: typeof bed === 'string' && bed,
}, async t => {
  if (typeof bed === 'string') return
  t.after(() => bed.stop())
  const database = await bed.createDatabase()
  const folder = await testFolder(t, {
    'one/model.yaml': MODEL,
    'one/src/func_main.mjs': code(1),
    'one/application.yaml': application(1),
    'two/model.yaml': MODEL,
    'two/src/func_main.mjs': code(2),
    'two/application.yaml': application(2),
  })
  const start = async () => {
    const flags = ['--data', join(folder, 'data'), '--database', database, '--apply', join(folder, 'one')]
    const command = startCommand(t, ['up', ...FREE_PORTS, ...flags])
    await command.printed(/Ctrl\+C stops it/)
    const [, url = ''] = /REST +(http:\S+)/.exec(command.stdout) ?? []
    const end = (signal: NodeJS.Signals) => {
      command.child.kill(signal)
      return command.ended
    }
    return { url, end }
  }

  const first = await start()
  assert.deepEqual(await answer(first.url), { y: 11 })
  assert.equal(await first.end('SIGTERM'), EXIT.ok)

  const second = await start()
  assert.deepEqual(await answer(second.url), { y: 11 })
  const applied = await runCommand(t, ['apply', '--server', second.url, '--filename', join(folder, 'two')])
  assert.equal(applied.exitCode, EXIT.ok, applied.stderr)
  // The update has been acknowledged; nothing is told of the end.
  await second.end('SIGKILL')

  const third = await start()
  assert.deepEqual(await answer(third.url), { y: 12 })
  const versions = await fetch(`${third.url}/api/v2/model/version`)
  assert.equal(((await versions.json()) as readonly unknown[]).length, 2)
  assert.equal(await third.end('SIGTERM'), EXIT.ok)
})
