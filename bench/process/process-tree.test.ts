import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { cpuMsOfTree, processTree, residentBytesOfTree } from './process-tree.ts'

const isWithoutProc = process.platform === 'linux' ? false : 'only Linux has /proc/PID/stat'

/** A process with a child that both say when they are there, and end with their standard input. */
async function family(t: TestContext): Promise<number> {
  const child = `process.stdout.write('x');process.stdin.resume()`
  const parent = `require('node:child_process').spawn(process.execPath,['-e',${JSON.stringify(child)}],{stdio:'inherit'})`
  const spawned = spawn(process.execPath, ['-e', parent], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.after(async () => {
    spawned.stdin.end()
    await once(spawned, 'exit')
  })
  await once(spawned.stdout, 'data')
  assert.ok(spawned.pid)
  return spawned.pid
}

test('a tree is a process and its descendants, with what they all use', { skip: isWithoutProc }, async t => {
  const pid = await family(t)
  const tree = processTree(pid)
  assert.equal(tree[0]!.pid, pid)
  assert.equal(tree.length, 2)
  assert.equal(tree[1]!.parentPid, pid)

  const child = tree[1]!.pid
  assert.equal(processTree(child).length, 1)
  assert.ok(residentBytesOfTree(pid) > residentBytesOfTree(child))
  assert.ok(residentBytesOfTree(child) > 1_000_000)
  assert.ok(cpuMsOfTree(pid) > cpuMsOfTree(child))
})

test('a process that is not there is an error, not a zero', { skip: isWithoutProc }, () => {
  assert.throws(() => cpuMsOfTree(2 ** 30), /has ended/)
})
