import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { parseProcessStat } from './process-stat.ts'

const isWithoutProc = process.platform === 'linux' ? false : 'only Linux has /proc/PID/stat'

const after =
  'S 17 4242 4242 0 -1 4194560 5171 12 0 0 150 30 7 3 20 0 11 0 98765 1022000000 30000 18446744073709551615'

test('reads the parent and the time of the process and of its ended children', () => {
  assert.deepEqual(parseProcessStat(`4242 (node) ${after}\n`), { pid: 4242, parentPid: 17, cpuTicks: 190 })
})

test('a name with blanks and parentheses shifts nothing', () => {
  assert.deepEqual(parseProcessStat(`4242 (a) b (c 1 2) ${after}`), {
    pid: 4242,
    parentPid: 17,
    cpuTicks: 190,
  })
})

test('reads what this system writes', { skip: isWithoutProc }, async () => {
  const stat = parseProcessStat(await readFile('/proc/self/stat', 'utf8'))
  assert.equal(stat.pid, process.pid)
  assert.equal(stat.parentPid, process.ppid)
})

for (const text of ['', 'nonsense', '1 (node) S', '1 node S 1 2 3 4 5 6 7 8 9 10 11 12 13 14']) {
  test(`refuses '${text}'`, () => {
    assert.throws(() => parseProcessStat(text), /not a line of/)
  })
}
