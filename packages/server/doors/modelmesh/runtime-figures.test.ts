import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { ModelRuntimeSettings } from '../../base/index.ts'
import { runtimeFigures } from './runtime-figures.ts'

const SETTINGS: ModelRuntimeSettings = {
  endpoint: { port: 8085 },
  dataSocketPath: undefined,
  host: '127.0.0.1',
  socketMode: 0o660,
  capacityBytes: undefined,
  memoryBufferBytes: 256 * 2 ** 20,
  defaultModelBytes: 1_000_000,
  maxLoadingConcurrency: 1,
  limitsModelConcurrency: false,
}
const OTHERS = { loadTimeoutMs: 300_000, version: '1' }

test('check 36: whatever is measured or set, a mesh starts with it or the server says why not', () => {
  const bytes = fc.integer({ min: 8192, max: 2 ** 40 })
  fc.assert(
    fc.property(
      fc.option(bytes, { nil: undefined }),
      bytes,
      bytes,
      (capacityBytes, defaultModelBytes, measured) => {
        try {
          const figures = runtimeFigures({ ...SETTINGS, capacityBytes, defaultModelBytes }, OTHERS, measured)
          const least = Math.max(2 * defaultModelBytes, Math.min(512 * 2 ** 20, 10 * defaultModelBytes))
          return figures.capacityBytes >= least
        } catch (error) {
          return (
            error instanceof Error &&
            /ModelMesh needs \d+ for a model_runtime_default_size/.test(error.message)
          )
        }
      },
    ),
  )
})

test('what is measured is told without the buffer, and names it where it is too little', () => {
  assert.equal(runtimeFigures(SETTINGS, OTHERS, 2 ** 30).capacityBytes, 2 ** 30 - 2 ** 28)
  assert.throws(() => runtimeFigures(SETTINGS, OTHERS, 2 ** 28), {
    code: 'INVALID_ARGUMENT',
    message:
      'the memory of 268435456 bytes without model_runtime_memory_buffer (268435456) is 0 bytes; ModelMesh needs 10000000 for a model_runtime_default_size of 1000000',
  })
  assert.equal(runtimeFigures(SETTINGS, { ...OTHERS, loadTimeoutMs: 1.5 }, 2 ** 30).loadTimeoutMs, 100)
})
