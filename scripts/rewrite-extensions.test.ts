import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rewriteExtensions } from './rewrite-extensions.ts'

test('declarations import .js, by every form', () => {
  const text = [
    "import type { A } from './a.ts';",
    "export * from '../b/index.ts';",
    "export declare const c: import('./c.ts').C;",
    "/** import './prose.ts' */",
    "import { sdk } from '@millrace/sdk/protocol';",
    "export { D } from './proto/d_pb.js';",
  ].join('\n')
  const expected = text.replace('a.ts', 'a.js').replace('index.ts', 'index.js').replace('c.ts', 'c.js')
  assert.deepEqual(
    rewriteExtensions(new Map([['room/index.d.ts', text]])),
    new Map([['room/index.d.ts', expected]]),
  )
})

test('JavaScript finds its neighbours as .js', () => {
  const text = 'new Worker(new URL("./worker.ts", import.meta.url)); const name = "./model.ts"'
  const expected = text.replace('worker.ts', 'worker.js')
  assert.equal(rewriteExtensions(new Map([['pool.js', text]])).get('pool.js'), expected)
})

test('files that need no change are left out', () => {
  assert.equal(rewriteExtensions(new Map([['a.js', "import './b.js'"]])).size, 0)
})
