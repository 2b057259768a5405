import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ModelContract } from '@millrace/sdk'
import { checkBatchable } from './batchable.ts'

const ON = { maxBatchSize: 32, maxQueueDelayMs: 20 }
const field = (shape: readonly number[]) => ({ name: 'x', datatype: 'FP32', shape }) as const
const contract = (inputs: readonly number[][], outputs: readonly number[][] = []): ModelContract => ({
  inputs: inputs.map(field),
  outputs: outputs.map(field),
})

for (const [maxBatchSize, maxQueueDelayMs] of [
  [0, 10],
  [-1, 10],
  [1, 10],
  [10, 0],
  [10, -1],
  [0, 0],
] as const) {
  test(`size ${maxBatchSize} and time ${maxQueueDelayMs} leave batching off, without a word`, () => {
    assert.deepEqual(checkBatchable(contract([[3]]), { maxBatchSize, maxQueueDelayMs }), {
      isBatchable: false,
      warning: null,
    })
  })
}

test('a size above 1 and a time above 0 turn it on', () => {
  for (const declared of [contract([]), contract([[-1], [-1, 3]], [[-1, 2]])]) {
    assert.deepEqual(checkBatchable(declared, ON), { isBatchable: true, warning: null })
    assert.ok(checkBatchable(declared, { maxBatchSize: 2, maxQueueDelayMs: 0.001 }).isBatchable)
  }
})

for (const [declared, words] of [
  [contract([[-1], [3, 4]]), /^max_batch_size is set to 32, .* input 'x' has shape \[3,4\]/],
  [contract([[]]), /input 'x' has shape \[\]/],
  [contract([[-1]], [[1]]), /output 'x' has shape \[1\], and its first extent would have to be -1/],
] as const) {
  test(`a first extent that is not free leaves it off: ${String(words)}`, () => {
    const { isBatchable, warning } = checkBatchable(declared, ON)
    assert.equal(isBatchable, false)
    assert.match(warning!, words)
  })
}
