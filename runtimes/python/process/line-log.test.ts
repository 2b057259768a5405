import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLineLog } from './line-log.ts'

function recorded(limits = { lineCharacters: 10, burstLines: 100, linesPerSecond: 10 }) {
  const lines: string[] = []
  const writer = (level: string) => (message: string) => lines.push(`${level}: ${message}`)
  const clock = { nowMs: 0 }
  const log = { debug: writer('debug'), info: writer('info'), warn: writer('warn'), error: writer('error') }
  return { lines, clock, log: createLineLog(log, {}, limits, () => clock.nowMs) }
}

test('pieces become lines, each stream for itself', () => {
  const { lines, log } = recorded()
  const euro = Buffer.from('€')
  log.write('stdout', Buffer.from('one\r\ntw'))
  log.write('stderr', Buffer.from('three\n\n'))
  log.write('stdout', Buffer.from('o\n'))
  log.write('stdout', euro.subarray(0, 1))
  log.write('stdout', euro.subarray(1))
  log.end()
  log.line('error', 'four')
  log.line('debug', 'five')
  log.line('odd', 'six')
  assert.deepEqual(lines, [
    'info: one',
    'warn: three',
    'info: two',
    'info: €',
    'error: four',
    'debug: five',
    'info: six',
  ])
  assert.equal(log.tail(), 'three')
})

test('a line is cut, however it comes, and says by how much', () => {
  const { lines, log } = recorded()
  log.write('stdout', Buffer.from('0123456789abc\n'))
  for (let index = 0; index < 1000; index++) log.write('stdout', Buffer.from('xxxxxxxxxx'))
  log.write('stdout', Buffer.from('\nshort\n'))
  log.line('info', '0123456789abc')
  assert.deepEqual(lines, [
    'info: 0123456789… (3 more characters)',
    'info: xxxxxxxxxx… (9990 more characters)',
    'info: short',
    'info: 0123456789…',
  ])
})

const told = (count: number) =>
  `warn: ${count} lines of the Python process are left out: it writes more than 10 a second`

test('of lines beyond the rate only the number is told', () => {
  const { lines, clock, log } = recorded({ lineCharacters: 10, burstLines: 2, linesPerSecond: 10 })
  log.write('stdout', Buffer.from('a\nb\nc\nd\n'))
  clock.nowMs = 100
  log.write('stdout', Buffer.from('e\nf\n'))
  log.end()
  assert.deepEqual(lines, ['info: a', 'info: b', told(2), 'info: e', told(1)])
})

test('only the last lines of stderr are kept', () => {
  const { log } = recorded()
  for (let index = 0; index < 30; index++) log.write('stderr', Buffer.from(`${index}\n`))
  assert.equal(log.tail().split('\n').length, 20)
  assert.ok(log.tail().endsWith('\n29'))
})
