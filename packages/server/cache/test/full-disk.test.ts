import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createLogger } from '../../base/index.ts'
import { createModelRegister } from '../create-model-register.ts'

const CHILD = fileURLToPath(new URL('full-disk-child.ts', import.meta.url))
/** KiB that a file may have; whoever writes on is refused, as on a full disk. */
const LIMITED = `trap '' XFSZ; ulimit -f 16; exec "$0" --conditions=millrace-source "$@"`

interface Said {
  readonly acknowledged: readonly string[]
  readonly refused: readonly string[]
  readonly code: string
  readonly moved: string
  readonly targetId: string
  readonly activeId: string
  readonly models: readonly string[]
  readonly references: readonly number[]
  readonly events: readonly string[]
}

test('what cannot be written is taken back: in memory at once, and after a restart', {
  skip: process.platform === 'win32' && 'no limits of files',
}, async t => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-register-full-'))
  t.after(() => rm(folder, { recursive: true }))
  const { stdout } = await promisify(execFile)('bash', ['-c', LIMITED, process.execPath, CHILD, folder])
  const said = JSON.parse(stdout) as Said
  assert.ok(said.acknowledged.length > 10 && said.refused.length > 0)
  assert.equal(said.code, 'UNAVAILABLE')
  assert.deepEqual([said.moved, said.targetId, said.activeId], ['not moved', 'target', 'target'])
  assert.deepEqual(said.references, [1, 0])
  assert.deepEqual(said.models.toSorted(), said.acknowledged.toSorted())
  // Whoever listens is told of it, the latest first; and of the model that was nearly gone.
  const taken = said.refused.toReversed().map(id => `-${id}`)
  assert.deepEqual(said.events.slice(-taken.length - 4), [...taken, '+large', '-target', '+target', '-large'])

  const register = await createModelRegister({
    folder,
    setting: 'the_folder',
    log: createLogger({ isStructured: true, level: 'silent' }),
    events: { onModelAdded() {}, onModelRemoved() {} },
  })
  t.after(() => register.close())
  assert.deepEqual(Array.from(register.models(), ({ id }) => id).toSorted(), said.acknowledged.toSorted())
  assert.equal(register.alias('alias')?.activeId, 'target')
  // With room again it goes on.
  await register.unregister('0-0')
})
