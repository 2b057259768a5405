import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createProgress, progressText, summaryText } from './progress.ts'

const STATE = { answered: 1500, failed: 0, skipped: 0, readBytes: 500, totalBytes: 2000 }

suite('progress', () => {
  test('has a bar where the end is known', () => {
    assert.equal(
      progressText(STATE, 10_000, true),
      '██████░░░░░░░░░░░░░░░░░░ 25 %, 1,500 answered, 150 lines/s, 30.0 s left',
    )
    assert.equal(
      progressText({ ...STATE, failed: 3 }, 10_000, false),
      '25 %, 1,500 answered, 3 failed, 150 lines/s, 30.0 s left',
    )
  })

  test('counts where it is not', () => {
    assert.equal(
      progressText({ ...STATE, totalBytes: undefined }, 10_000, true),
      '1,500 answered, 150 lines/s',
    )
    assert.equal(
      progressText({ ...STATE, answered: 5, totalBytes: undefined }, 10_000, true),
      '5 answered, 0.5 lines/s',
    )
    assert.equal(progressText({ ...STATE, readBytes: 0 }, 0, false), '0 %, 1,500 answered, 0.0 lines/s')
  })

  test('ends with what was done', () => {
    assert.match(summaryText(STATE, 90_000), /done:.* 1,500 answered, 0 failed in 1 min, 17 lines\/s$/)
    assert.match(summaryText({ ...STATE, skipped: 2 }, 7_500_000), /2 skipped in 2 h 5 min/)
  })

  for (const isTTY of [true, false]) {
    test(`notes and the end ${isTTY ? 'erase the bar' : 'are plain lines'}`, () => {
      let text = ''
      const progress = createProgress({ isTTY, columns: 40, write: more => void (text += more) }, () => STATE)
      progress.note('hello')
      progress.finish()
      const erase = isTTY ? '\r\u001b[K' : ''
      assert.ok(text.startsWith(`${erase}hello\n${erase}`))
      assert.ok(text.endsWith('lines/s\n'))
    })
  }
})
