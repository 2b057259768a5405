import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { readShapedNames } from './shaped-names.ts'

function model(name: string): string {
  return fileURLToPath(import.meta.resolve(`./test-models/${name}.onnx`))
}

test('inputs and outputs with a shape are found, before and behind weights and nodes', () => {
  assert.deepEqual(readShapedNames(model('free-matmul')), new Set(['x', 'y']))
  assert.deepEqual(
    readShapedNames(model('sum-and-difference')),
    new Set(['left', 'right', 'sum', 'difference']),
  )
})

test("a scalar's empty shape counts; no shape does not", () => {
  assert.deepEqual(readShapedNames(model('scalar')), new Set(['x', 'y']))
  assert.deepEqual(readShapedNames(model('unranked')), new Set())
})

test('fields of every wire type are passed over, and an unknown one is an error', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'onnx-shaped-names-'))
  try {
    const file = join(folder, 'model.onnx')
    // fixed64, fixed32, a varint of ten bytes (-1), then graph { input { name: 'a', type: { tensor: { shape: {} } } } }
    const skipped = ['09', 'ff'.repeat(8), '15', 'ff'.repeat(4), '18', 'ff'.repeat(9), '01'].join('')
    await writeFile(file, Buffer.from(`${skipped}3a0b5a090a016112040a021200`, 'hex'))
    assert.deepEqual(readShapedNames(file), new Set(['a']))

    await writeFile(file, Buffer.from('0b01', 'hex'))
    assert.throws(() => readShapedNames(file), /wire type 3 at byte 0/)
    await writeFile(file, Buffer.from('ff'.repeat(30), 'hex'))
    assert.throws(() => readShapedNames(file), /more than ten bytes/)
  } finally {
    await rm(folder, { recursive: true })
  }
})
