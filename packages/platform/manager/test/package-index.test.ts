import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { toDeployableModel } from '../models/deployable-model.ts'
import { createModelFolders } from '../models/model-folders.ts'
import { createRuntimeCatalogue } from '../runtimes/runtime-catalogue.ts'
import { startManager } from './manager-bed.ts'
import { metadataOf, payloadOf, tarOf, uploadAndBuild } from './upload-bed.ts'
import { zipOf } from './zip-bed.ts'

test('pip installs from the private index that the payload names, for this version alone', async t => {
  const python = versionOf('python3', ['-m', 'pip', '--version'])
  if (python === undefined) {
    t.skip('there is no python3 with pip')
    return
  }
  const wheel = 'tinyscale-1.0-py3-none-any.whl'
  const index = await serveFiles(t, {
    '/simple/tinyscale/': page(`<a href="/files/${wheel}">${wheel}</a>`),
    [`/files/${wheel}`]: tinyWheel(),
  })
  const { url, store, folder } = await startManager(t)
  const payload = payloadOf({
    'src/func_main.py': 'import tinyscale\n',
    'requirements.txt': 'tinyscale==1.0\n',
    'cert.pem': 'no certificate, but it is there\n',
    'pip.conf': `[global]\nindex-url = ${index.url}/simple\ntrusted-host = 127.0.0.1\n# cert = /model/files/cert.pem\n`,
  })
  const installCommand =
    'test -f /model/files/cert.pem && PIP_CONFIG_FILE=pip.conf pip install -r requirements.txt'
  const { version, log } = await uploadAndBuild(url, metadataOf('pip', { installCommand }), payload)
  assert.equal(version.status, 'Released', log.join('\n'))
  assert.ok(index.asked.includes(`/files/${wheel}`))
  const record = (await store.modelVersions.get(version.id))!
  const model = await toDeployableModel(record, {
    folders: createModelFolders(join(folder, 'data')),
    resolveRuntime: createRuntimeCatalogue(store),
  })
  assert.deepEqual(model.runtime, { kind: 'built-in' })
  const import_ = ['-c', 'import tinyscale; print(tinyscale.FACTOR)']
  const itsPython = model.environment['MILLRACE_PYTHON']!
  assert.equal(execFileSync(itsPython, import_).toString(), '42\n')
  // By name, too; and not for the machine.
  assert.equal(
    execFileSync('python3', import_, { env: { PATH: model.environment['PATH'] } }).toString(),
    '42\n',
  )
  assert.throws(() => execFileSync('python3', import_, { stdio: 'ignore' }))
  const conf = await readFile(join(model.modelFolder, 'files/pip.conf'), 'utf8')
  assert.ok(conf.includes(`# cert = ${model.modelFolder}/files/cert.pem`))
})

test('npm installs from the private registry that the payload names', async t => {
  if (versionOf('npm', ['--version']) === undefined) {
    t.skip('there is no npm')
    return
  }
  const tarball = gzipSync(
    tarOf([
      { path: 'package/package.json', text: '{"name":"tiny-scale","version":"1.0.0","main":"index.js"}' },
      { path: 'package/index.js', text: 'module.exports = 42\n' },
    ]),
  )
  const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`
  const files: Record<string, Buffer> = { '/tiny-scale/-/tiny-scale-1.0.0.tgz': tarball }
  const index = await serveFiles(t, files)
  const dist = { tarball: `${index.url}/tiny-scale/-/tiny-scale-1.0.0.tgz`, integrity }
  files['/tiny-scale'] = Buffer.from(
    JSON.stringify({
      name: 'tiny-scale',
      'dist-tags': { latest: '1.0.0' },
      versions: { '1.0.0': { name: 'tiny-scale', version: '1.0.0', dist } },
    }),
  )
  const { url, folder } = await startManager(t)
  const payload = payloadOf({ 'src/func_main.js': '', '.npmrc': `registry=${index.url}/\n` })
  const metadata = metadataOf('npm', { installCommand: 'npm install tiny-scale@1.0.0' })
  const { version, log } = await uploadAndBuild(url, metadata, payload)
  assert.equal(version.status, 'Released', log.join('\n'))
  assert.ok(index.asked.includes('/tiny-scale/-/tiny-scale-1.0.0.tgz'))
  const files_ = join(folder, 'data/versions', String(version.id), 'model/files')
  assert.equal(
    await readFile(join(files_, 'node_modules/tiny-scale/index.js'), 'utf8'),
    'module.exports = 42\n',
  )
})

function versionOf(program: string, args: readonly string[]): string | undefined {
  try {
    return execFileSync(program, args, { stdio: ['ignore', 'pipe', 'ignore'] }).toString()
  } catch {
    return undefined
  }
}

function page(body: string): Buffer {
  return Buffer.from(`<!DOCTYPE html><html><body>${body}</body></html>`)
}

async function serveFiles(t: TestContext, files: Readonly<Record<string, Buffer>>) {
  const asked: string[] = []
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url!.split('?', 1)[0]!)
    asked.push(path)
    const bytes = files[path]
    if (bytes === undefined) {
      response.writeHead(404).end()
      return
    }
    const type = path.endsWith('/')
      ? 'text/html'
      : path.includes('.')
        ? 'application/octet-stream'
        : 'application/json'
    response.writeHead(200, { 'content-type': type }).end(bytes)
  })
  await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

function tinyWheel(): Buffer {
  const files: Record<string, string> = {
    'tinyscale.py': 'FACTOR = 42\n',
    'tinyscale-1.0.dist-info/METADATA': 'Metadata-Version: 2.1\nName: tinyscale\nVersion: 1.0\n',
    'tinyscale-1.0.dist-info/WHEEL':
      'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
  }
  const record = 'tinyscale-1.0.dist-info/RECORD'
  const lines = Object.entries(files).map(([path, text]) => {
    const digest = createHash('sha256').update(text).digest('base64url')
    return `${path},sha256=${digest},${Buffer.byteLength(text)}`
  })
  files[record] = `${lines.join('\n')}\n${record},,\n`
  return zipOf(files)
}
