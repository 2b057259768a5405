import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { EXIT } from '../exit-codes.ts'
import { runCommand } from '../test-command.ts'

const root = fileURLToPath(new URL('../../../../', import.meta.url))
const folder = join(root, 'kubernetes/serving-runtimes')

for (const file of await readdir(folder)) {
  test(`kubernetes/serving-runtimes/${file} is what its first line writes, and in order`, async t => {
    const text = await readFile(join(folder, file), 'utf8')
    const [, command] = /^# millrace (.+)\n/.exec(text) ?? []
    assert.ok(command !== undefined, 'the first line names no command')
    const { exitCode, stdout, stderr } = await runCommand(t, command.split(' '), { cwd: root })
    assert.deepEqual([exitCode, stderr], [EXIT.ok, ''])
    assert.equal(`# millrace ${command}\n${stdout}`, text)
    const checked = await runCommand(t, ['manifest', 'check', '-'], { input: text })
    assert.deepEqual([checked.exitCode, checked.stderr], [EXIT.ok, ''])
  })
}
