import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createLogger } from '../../base/index.ts'
import { createModelRegister } from '../create-model-register.ts'

const CHILD = fileURLToPath(new URL('registering-child.ts', import.meta.url))
/** Side by side, each killed so often one after the other. */
const FOLDERS = 3
const KILLS = 10

test('nothing that was acknowledged is lost by a kill, at thirty moments', async t => {
  const root = await mkdtemp(join(tmpdir(), 'millrace-register-crash-'))
  t.after(() => rm(root, { recursive: true }))
  const work = async (_: unknown, index: number) => {
    const folder = join(root, String(index))
    const acknowledged: string[][] = []
    for (let kill = 0; kill < KILLS; kill++)
      acknowledged.push(...(await killed(folder, 1 + index * 5 + kill * 17)))
    await check(folder, acknowledged)
  }
  await Promise.all(Array.from({ length: FOLDERS }, work))
})

/** What a process was told to be registered before it was killed, after so many lines. */
async function killed(folder: string, lines: number): Promise<string[][]> {
  const child = spawn(process.execPath, ['--conditions=millrace-source', CHILD, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exit = once(child, 'exit')
  const acknowledged: string[][] = []
  let left = lines
  for await (const line of createInterface({ input: child.stdout })) {
    if (line !== 'open') acknowledged.push(line.split(' '))
    if (--left === 0) child.kill('SIGKILL')
  }
  await exit
  return acknowledged
}

async function check(folder: string, acknowledged: readonly string[][]): Promise<void> {
  const register = await createModelRegister({
    folder,
    setting: 'folder',
    log: createLogger({ isStructured: true, level: 'silent' }),
    events: { onModelAdded() {}, onModelRemoved() {} },
  })
  assert.ok(acknowledged.length >= KILLS - 1)
  for (const [first = '', second = '', removed = ''] of acknowledged) {
    assert.ok(register.model(first) !== undefined && register.model(second) !== undefined, `${first} is lost`)
    assert.equal(register.model(removed), undefined, `${removed} has come back`)
  }
  await register.close()
}
