import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { layOutJson } from './json-text.ts'

test('short arrays stay on a line, and numbers keep their digits', () => {
  assert.equal(
    layOutJson('{"xs":[[1.0,2],[3,4]],"id":9223372036854775807,"none":{},"text":"a, [b]\\""}'),
    '{\n  "xs": [[1.0, 2], [3, 4]],\n  "id": 9223372036854775807,\n  "none": {},\n  "text": "a, [b]\\""\n}',
  )
  assert.equal(layOutJson('not json'), 'not json')
  assert.equal(layOutJson(' 5 '), '5')
})

test('what is laid out means the same', () => {
  fc.assert(
    fc.property(fc.jsonValue(), value => {
      const text = JSON.stringify(value)
      assert.deepEqual(JSON.parse(layOutJson(text)), JSON.parse(text))
    }),
  )
})
