import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { test } from 'node:test'
import { readImports } from '../scripts/source-imports.ts'
import { checkWalls, describeBreak } from './walls/check-walls.ts'
import { RULES, type RuleName, UNITS } from './walls/rules.ts'
import { REPOSITORY_ROOT, readSourceFiles } from './walls/source-files.ts'

test('every import keeps to the walls', () => {
  const breaks = checkWalls(readImports(readSourceFiles()))
  assert.deepEqual(breaks.map(describeBreak), [])
})

test('the public entries are those of the manifests', () => {
  const manifests = globSync('{packages,runtimes}/*/package.json', { cwd: REPOSITORY_ROOT })
  for (const file of manifests) {
    const manifest = JSON.parse(readFileSync(join(REPOSITORY_ROOT, file), 'utf8')) as { exports?: object }
    const unit = UNITS.find(({ folder }) => posix.matchesGlob(posix.dirname(file), folder))
    const entries = Object.keys(manifest.exports ?? {}).filter(entry => entry !== './package.json')
    assert.deepEqual(entries, unit?.entries ?? [], `exports of ${file}`)
  }
})

/** What the files below stand on: the SDK's errors, and a file for imports to point at. */
const GROUND = {
  'packages/sdk/errors/index.ts': 'class ServingError {}\nexport { ServingError, type ErrorCode }',
  'packages/sdk/tensor/index.ts': 'export const tensor = 1',
}

interface Breach {
  readonly rule: RuleName
  /** File name to text; the first is the one at fault. */
  readonly files: Readonly<Record<string, string>>
  readonly line: number | undefined
  readonly imported: string | undefined
}

const BREACHES: readonly Breach[] = [
  {
    rule: 'public-entry',
    files: { 'packages/server/base/a.ts': "\nimport '@millrace/sdk/tensor/index.ts'" },
    line: 2,
    imported: '@millrace/sdk/tensor/index.ts',
  },
  {
    rule: 'public-entry',
    files: { 'packages/server/base/a.test.ts': "import '../../sdk/tensor/index.ts'" },
    line: 1,
    imported: '../../sdk/tensor/index.ts',
  },
  {
    rule: 'public-entry',
    files: { 'packages/sdk/tensor/a.ts': "import '@millrace/sdk'" },
    line: 1,
    imported: '@millrace/sdk',
  },
  {
    rule: 'public-entry',
    files: { 'bench/a.ts': "\n\nawait import('../packages/server/serve.ts')" },
    line: 3,
    imported: '../packages/server/serve.ts',
  },
  {
    rule: 'public-entry',
    files: { 'conformance/a.ts': "import '../packages/platform/cli/main.ts'" },
    line: 1,
    imported: '../packages/platform/cli/main.ts',
  },
  {
    rule: 'package-order',
    files: { 'packages/server/base/a.ts': "import type { Onnx } from '@millrace/onnx'" },
    line: 1,
    imported: '@millrace/onnx',
  },
  {
    rule: 'package-order',
    files: { 'runtimes/onnx/a.test.ts': "export { serve } from '@millrace/server'" },
    line: 1,
    imported: '@millrace/server',
  },
  {
    rule: 'package-home',
    files: { 'packages/platform/manager/a.ts': "type Server = import('@millrace/server').Server" },
    line: 1,
    imported: '@millrace/server',
  },
  {
    rule: 'types-only',
    files: { 'packages/ui/a.tsx': "import { type Tensor } from '@millrace/sdk'" },
    line: 1,
    imported: '@millrace/sdk',
  },
  {
    rule: 'known-room',
    files: { 'packages/server/extras/a.ts': 'export const extra = 1' },
    line: undefined,
    imported: undefined,
  },
  {
    rule: 'room-order',
    files: {
      'packages/server/base/a.ts': "import type { b } from '../metrics/index.ts'",
      'packages/server/metrics/index.ts': 'export const b = 1',
    },
    line: 1,
    imported: '../metrics/index.ts',
  },
  {
    rule: 'room-order',
    files: { 'packages/sdk/tensor/a.ts': "export * from '../index.ts'", 'packages/sdk/index.ts': '' },
    line: 1,
    imported: '../index.ts',
  },
  {
    rule: 'room-door',
    files: { 'packages/server/metrics/a.ts': "new Worker(new URL('../base/deep/b.ts', import.meta.url))" },
    line: 1,
    imported: '../base/deep/b.ts',
  },
  {
    rule: 'room-door',
    files: { 'packages/server/serve.ts': "import { a } from './base/a.ts'" },
    line: 1,
    imported: './base/a.ts',
  },
  {
    rule: 'rooms-apart',
    files: { 'packages/server/doors/hydrosphere/a.ts': "import '../open-inference/index.ts'" },
    line: 1,
    imported: '../open-inference/index.ts',
  },
  {
    rule: 'narrow-room',
    files: { 'packages/server/transport/http/a.ts': "import { Model, ServingError } from '@millrace/sdk'" },
    line: 1,
    imported: '@millrace/sdk',
  },
  {
    rule: 'narrow-room',
    files: { 'packages/server/transport/http/a.ts': "import * as sdk from '@millrace/sdk'" },
    line: 1,
    imported: '@millrace/sdk',
  },
  {
    rule: 'narrow-room',
    files: { 'packages/server/transport/a.ts': "import '../metrics/index.ts'" },
    line: 1,
    imported: '../metrics/index.ts',
  },
  {
    rule: 'narrow-room',
    files: { 'packages/sdk/protocol/a.ts': "import { Model } from '../model/index.ts'" },
    line: 1,
    imported: '../model/index.ts',
  },
  {
    rule: 'narrow-room',
    files: { 'packages/platform/gateway/a.ts': "import '../manager/index.ts'" },
    line: 1,
    imported: '../manager/index.ts',
  },
  {
    rule: 'library-home',
    files: { 'packages/server/doors/open-inference/a.ts': "import type { IncomingMessage } from 'http'" },
    line: 1,
    imported: 'http',
  },
  {
    rule: 'library-home',
    files: { 'runtimes/onnx/a.ts': "const { connect } = await import('node:http2')" },
    line: 1,
    imported: 'node:http2',
  },
  {
    rule: 'library-home',
    files: { 'packages/server/transport/grpc/a.ts': "import type { Client } from '@grpc/grpc-js'" },
    line: 1,
    imported: '@grpc/grpc-js',
  },
  {
    rule: 'test-library',
    files: { 'packages/server/transport/grpc/a.ts': "import loader = require('@grpc/proto-loader')" },
    line: 1,
    imported: '@grpc/proto-loader',
  },
  {
    rule: 'no-cycle',
    files: {
      'packages/sdk/tensor/a.ts': "import './b.ts'",
      'packages/sdk/tensor/b.ts': "export * from './c.ts'",
      'packages/sdk/tensor/c.ts': "await import('./a.ts')",
    },
    line: undefined,
    imported: 'packages/sdk/tensor/b.ts → packages/sdk/tensor/c.ts → packages/sdk/tensor/a.ts',
  },
]

for (const { rule, files, line, imported } of BREACHES) {
  const [file] = Object.keys(files) as [string]
  test(`${rule}: ${file} ${imported ?? ''}`, () => {
    const breaks = checkWalls(readImports(new Map(Object.entries({ ...GROUND, ...files }))))
    assert.deepEqual(breaks, [{ rule, file, line, imported }])
  })
}

test('every rule has a breach above', () => {
  assert.deepEqual(new Set(BREACHES.map(({ rule }) => rule)), new Set(Object.keys(RULES)))
})

test('what the walls allow passes', () => {
  const files = {
    ...GROUND,
    'packages/sdk/index.ts': "export * from './tensor/index.ts'",
    'packages/sdk/model/index.ts': 'export interface Model {}',
    'packages/sdk/protocol/a.ts':
      "import type { Model } from '../model/index.ts'\n// import '../model/model.ts'",
    'packages/sdk/tensor/a.ts': "import type { B } from './b.ts'\nconst text = `import './no-import.ts'`",
    'packages/sdk/tensor/b.ts': "import './a.ts'",
    'packages/sdk/tensor/a.test.ts':
      "import fc from 'fast-check'\nimport '../model/deep.ts'\nimport '@millrace/sdk'",
    'packages/server/base/index.ts': '',
    'packages/server/doors/open-inference/index.ts': "import '../../base/index.ts'",
    'packages/server/serve.ts': "import './doors/open-inference/index.ts'",
    'packages/server/index.ts': "export * from './serve.ts'",
    'packages/server/transport/http/a.ts': "import { createServer } from 'node:http'",
    'packages/server/transport/http/b.ts': "import { type ErrorCode, ServingError } from '@millrace/sdk'",
    'packages/server/transport/http/a.test.ts': "import '@grpc/grpc-js'",
    'packages/sdk/client/a.ts': "await import('@grpc/grpc-js')",
    'packages/sdk/client/grpc/a.ts': "import { connect } from 'node:http2'",
    'packages/server/test/support.ts':
      "import { connect } from 'node:http2'\nimport '../transport/http/a.ts'",
    'packages/platform/cli/main.ts': "import '@millrace/server'",
    'packages/ui/a.tsx': "import type { Tensor } from '@millrace/sdk'",
    'runtimes/onnx/index.ts': "import '@millrace/sdk/protocol'\nimport 'onnxruntime-node'",
    'examples/a/model.ts': "import '@millrace/onnx'",
    'bench/a.ts': "import '../scripts/b.ts'\nimport '@grpc/grpc-js'",
    'bench/start.ts': "new URL('../packages/platform/cli/main.ts', import.meta.url)",
    'scripts/pages.ts': "import '../packages/sdk/tensor/a.ts'",
  }
  assert.deepEqual(checkWalls(readImports(new Map(Object.entries(files)))).map(describeBreak), [])
})
