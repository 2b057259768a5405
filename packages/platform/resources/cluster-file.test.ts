import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { readClusterFile, writeClusterFile } from './index.ts'

async function fileWith(t: TestContext, text?: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-clusters-'))
  t.after(() => rm(folder, { recursive: true }))
  const file = join(folder, text === undefined ? 'new/config.yaml' : 'config.yaml')
  if (text !== undefined) await writeFile(file, text)
  return file
}

test('a file that is not there has no clusters, and is made', async t => {
  const file = await fileWith(t)
  assert.deepEqual(await readClusterFile(file), { current: undefined, clusters: [] })
  const clusters = [{ name: 'local', server: 'http://localhost' }]
  await writeClusterFile(file, { current: 'local', clusters })
  assert.deepEqual(await readClusterFile(file), { current: 'local', clusters })
  const text =
    'current_cluster: local\nclusters:\n  - name: local\n    cluster:\n      server: http://localhost\n'
  assert.equal(await readFile(file, 'utf8'), text)
  assert.deepEqual(await readdir(dirname(file)), ['config.yaml'])
})

test('what others have written stays', async t => {
  const file = await fileWith(
    t,
    `# mine

current_cluster: b
clusters:
  - name: a
    cluster: {server: "http://a", note: keep} # the old one
  - name: b
    cluster:
      server: http://b
other: [1, 2]
`,
  )
  const { clusters } = await readClusterFile(file)
  const [a] = clusters
  await writeClusterFile(file, {
    current: undefined,
    clusters: [
      { ...a!, server: 'http://a2' },
      { name: 'c', server: 'http://c' },
    ],
  })
  assert.equal(
    await readFile(file, 'utf8'),
    `# mine

clusters:
  - name: a
    cluster: { server: "http://a2", note: keep } # the old one
  - name: c
    cluster:
      server: http://c
other: [ 1, 2 ]
`,
  )
})

const WRONG: readonly [text: string, message: RegExp][] = [
  ['[1]', /it holds no object with current_cluster and clusters/],
  ['a: [', /this is not YAML/],
  ['current_cluster: 5', /current_cluster is not the name/],
  ['clusters: 5', /clusters is not a list/],
  ['clusters: [{cluster: {server: x}}]', /clusters\[0\]\.name is not a name/],
  ['clusters: [{name: a}]', /clusters\[0\]\.cluster\.server is not an address/],
  ['clusters: [null]', /clusters\[0\]\.name/],
  [`# ${'x'.repeat(1024 * 1024)}`, /at most 1048576/],
]
for (const [text, message] of WRONG) {
  test(`refuses ${text.slice(0, 40)}`, async t => {
    const file = await fileWith(t, text)
    await assert.rejects(readClusterFile(file), { code: 'INVALID_ARGUMENT', message })
    await assert.rejects(writeClusterFile(file, { current: undefined, clusters: [] }), {
      code: 'INVALID_ARGUMENT',
    })
    assert.equal(await readFile(file, 'utf8'), text)
  })
}
