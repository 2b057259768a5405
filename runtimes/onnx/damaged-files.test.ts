import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ServingError } from '@millrace/sdk'
import { loadForTest } from '@millrace/sdk/testing'
import * as fc from 'fast-check'
import { OnnxModel } from './index.ts'

const MODELS = [
  'sum-and-difference',
  'free-matmul',
  'zipmap-texts',
  'sequence-of-two',
  'default-input',
  'lookup',
]

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-damaged-'))
})
after(() => rm(folder, { recursive: true }))

/** Bytes to put in place of others, by how far in the file they are. */
const edits = fc.array(
  fc.tuple(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), fc.integer({ min: 0, max: 255 })),
  { minLength: 1, maxLength: 4 },
)

test('a file in which a few bytes are others is loaded or refused', async () => {
  const uri = join(folder, 'model.onnx')
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...MODELS), edits, async (name, changes) => {
      const bytes = await readFile(fileURLToPath(import.meta.resolve(`./test-models/${name}.onnx`)))
      for (const [place, value] of changes) bytes[Math.floor(place * bytes.length)] = value
      await writeFile(uri, bytes)
      try {
        await using model = await loadForTest(OnnxModel, { settings: { folder, uri } })
        assert.ok(model.metadata.outputs.length > 0)
      } catch (error) {
        assert.ok(ServingError.is(error), String(error))
        assert.equal(error.code, 'FAILED_PRECONDITION', error.message)
        assert.ok(error.message.includes(uri))
      }
    }),
    // Always the same files: what is inside ONNX Runtime for ever could not be ended.
    { numRuns: 300, seed: 1 },
  )
})
