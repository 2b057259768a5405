import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { workspacePackages } from './workspace-packages.ts'

const root = await mkdtemp(join(tmpdir(), 'workspace-'))
after(() => rm(root, { recursive: true }))

async function write(dependencies: Readonly<Record<string, readonly string[]>>): Promise<void> {
  await writeFile(join(root, 'package.json'), JSON.stringify({ workspaces: Object.keys(dependencies) }))
  for (const [name, names] of Object.entries(dependencies)) {
    await mkdir(join(root, name), { recursive: true })
    const manifest = { name, dependencies: Object.fromEntries(names.map(each => [each, '1.0.0'])) }
    await writeFile(join(root, name, 'package.json'), JSON.stringify(manifest))
  }
}

test('a package comes after those it depends on', async () => {
  await write({ platform: ['server', 'pino'], onnx: ['sdk'], server: ['sdk'], sdk: [] })
  const order = workspacePackages(root).map(({ folder }) => folder)
  assert.deepEqual(order.toSorted(), ['onnx', 'platform', 'sdk', 'server'])
  assert.ok(order.indexOf('sdk') < order.indexOf('onnx'))
  assert.ok(order.indexOf('sdk') < order.indexOf('server'))
  assert.ok(order.indexOf('server') < order.indexOf('platform'))
})

test('packages in a circle are named', async () => {
  await write({ a: ['b'], b: ['a'], c: [] })
  assert.throws(() => workspacePackages(root), /in a circle: a, b$/)
})
