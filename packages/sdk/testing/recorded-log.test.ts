import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recordLog } from './recorded-log.ts'

test('keeps every line under its level, in order', () => {
  const { log, recorded } = recordLog()
  log.info('first', { row: 1 })
  log.error('broken')
  log.info('second')
  log.debug('detail')
  log.warn('careful')
  assert.deepEqual(recorded, {
    debug: [{ message: 'detail', fields: {} }],
    info: [
      { message: 'first', fields: { row: 1 } },
      { message: 'second', fields: {} },
    ],
    warn: [{ message: 'careful', fields: {} }],
    error: [{ message: 'broken', fields: {} }],
  })
})
