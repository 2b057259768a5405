import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { grpcClient } from '../open-inference/forms/grpc-client.ts'
import { createAdapter } from './bed/adapter.ts'
import { createMesh } from './bed/mesh.ts'
import { startMeshBed } from './bed/mesh-bed.ts'
import { type ServerProcessOptions, startServerProcess } from './bed/server-process.ts'

/** A server over a folder that `make` prepares, or leaves away. */
async function started(make: (root: string) => Promise<string>, options: Partial<ServerProcessOptions> = {}) {
  const root = await mkdtemp(join(tmpdir(), 'millrace-mesh-'))
  const server = await startServerProcess({ modelsFolder: await make(root), ...options })
  const client = grpcClient(server.grpc)
  return {
    server,
    async ask<T>(method: string, message: object = {}) {
      return (await client.call<T>(method, message)).message
    },
    async [Symbol.asyncDispose]() {
      client.close()
      await server.stop()
      await rm(root, { recursive: true, force: true })
    },
  }
}

interface Index {
  readonly models: readonly { readonly name: string; readonly state: string }[]
}

const emptyFolder = async (root: string) => {
  await mkdir(join(root, 'models'))
  return join(root, 'models')
}

suite('a server that has no models yet', () => {
  test('checks 1, 2, 4: it lives, is ready, and says its version', async () => {
    await using bed = await started(emptyFolder)
    const { live } = await bed.ask<{ live: boolean }>('ServerLive')
    const { ready } = await bed.ask<{ ready: boolean }>('ServerReady')
    const { name, version } = await bed.ask<{ name: string; version: string }>('ServerMetadata')
    assert.deepEqual({ live, ready, name }, { live: true, ready: true, name: 'millrace' })
    assert.match(version, /^\d+\.\d+\.\d+/)
    assert.deepEqual((await bed.ask<Index>('RepositoryIndex', { ready: true })).models, [])
  })

  test('checks 5, 6: the index of an empty folder is empty, and has no dummy', async () => {
    await using bed = await started(emptyFolder)
    assert.deepEqual((await bed.ask<Index>('RepositoryIndex', { ready: true })).models, [])
    // The variables describe that model, which nobody has loaded.
    const { models } = await bed.ask<Index>('RepositoryIndex')
    assert.deepEqual(
      models.map(({ name, state }) => [name, state]),
      [['dummy-model', 'UNAVAILABLE']],
    )
  })

  const withoutFolder = {
    'a folder that is not there yet': async (root: string) => join(root, 'nothing', 'here'),
    'a link that leads nowhere': async (root: string) => {
      await symlink(join(root, 'nowhere'), join(root, 'models'))
      return join(root, 'models')
    },
  }
  for (const [what, make] of Object.entries(withoutFolder)) {
    for (const implementation of ['', undefined]) {
      const which = implementation === '' ? 'no class' : 'a class'
      test(`check 5: ${what}, and ${which} for models that name none`, async () => {
        const environment: Record<string, string> =
          implementation === undefined ? {} : { MLSERVER_MODEL_IMPLEMENTATION: implementation }
        await using bed = await started(make, { environment })
        assert.deepEqual((await bed.ask<Index>('RepositoryIndex', { ready: true })).models, [])
        assert.deepEqual(await bed.ask('ServerReady'), { ready: true })
      })
    }
  }
})

test('check 5: a folder that cannot be read any more', async () => {
  const bed = await startMeshBed()
  try {
    await bed.custom('a', { answer: 1 })
    await bed.mesh.load('a')
    // A link to itself cannot be read even by those who may read everything.
    await rm(bed.adapter.folder, { recursive: true })
    await symlink('_mlserver_models', bed.adapter.folder)
    assert.deepEqual(await bed.readyNames(), ['a'])
    await bed.call('RepositoryModelUnload', { model_name: 'a' })
    assert.deepEqual(await bed.readyNames(), [])
    assert.deepEqual(await bed.call('ServerReady'), { ready: true })
  } finally {
    await bed.close()
  }
})

test('check 8: one poll purges what an earlier life of the mesh has left', async () => {
  const bed = await startMeshBed()
  try {
    await bed.custom('a', { answer: 1 })
    await bed.custom('b', { answer: 2, bytes: 1e6 })
    await bed.mesh.load('a')
    await bed.mesh.load('b')
    assert.deepEqual(await bed.readyNames(), ['a', 'b'])

    const again = createMesh(bed.adapter, bed.server.grpc)
    const before = bed.adapter.called.length
    assert.equal(await again.start(), 1)
    again.close()
    assert.deepEqual(bed.adapter.called.slice(before), [
      'ServerReady',
      'RepositoryIndex',
      'RepositoryModelUnload',
      'RepositoryModelUnload',
      'ServerMetadata',
    ])
    assert.deepEqual(await bed.readyNames(), [])
    assert.deepEqual(await readdir(bed.adapter.folder), [])
    assert.deepEqual(await bed.call('ServerReady'), { ready: true })
  } finally {
    await bed.close()
  }
})

test('what the adapter reports of it', async () => {
  const bed = await startMeshBed({
    adapter: { memoryRequestBytes: 201_326_592, memoryBufferBytes: 134_217_728 },
  })
  try {
    const { capacityBytes, methods, runtimeVersion } = await bed.adapter.runtimeStatus()
    const { version } = await bed.call<{ version: string }>('ServerMetadata')
    assert.deepEqual(
      [capacityBytes, runtimeVersion, Object.values(methods)],
      [64 * 1024 * 1024, version, [[1], [1]]],
    )
  } finally {
    await bed.close()
  }
})

const PORTS = { http: 8002, grpc: 8001, metrics: 8082 }

test('check 31: it listens where it is told to, on this machine alone', async t => {
  for (const port of Object.values(PORTS)) {
    if (!(await isFree(port))) return t.skip(`port ${port} of this machine is taken`)
  }
  if (process.platform !== 'linux') return t.skip('only Linux tells which ports a process listens on')
  await using bed = await started(emptyFolder, {
    httpPort: PORTS.http,
    grpcPort: PORTS.grpc,
    // The default, as the original's resource does not say it.
    environment: { MILLRACE_METRICS_PORT: String(PORTS.metrics) },
  })
  assert.deepEqual(
    await listensOn(bed.server.pid),
    Object.values(PORTS)
      .map(port => `0100007F:${port}`)
      .toSorted(),
  )
})

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  const { promise, resolve } = Promise.withResolvers<boolean>()
  server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true))
  const free = await promise
  if (free) await new Promise(done => server.close(done))
  return free
}

/** Address and port of each socket that a process listens on, sorted. */
async function listensOn(pid: number): Promise<readonly string[]> {
  const inodes = new Set<string>()
  for (const descriptor of await readdir(`/proc/${pid}/fd`)) {
    const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '')
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1]
    if (inode !== undefined) inodes.add(inode)
  }
  const found: string[] = []
  for (const table of ['tcp', 'tcp6']) {
    const lines = (await readFile(`/proc/${pid}/net/${table}`, 'utf8')).trim().split('\n').slice(1)
    for (const line of lines) {
      const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/)
      const [address, port = ''] = local.split(':')
      // 0A: it listens.
      if (state === '0A' && inodes.has(inode)) found.push(`${address}:${Number.parseInt(port, 16)}`)
    }
  }
  return found.toSorted()
}

test('check 34: a server that was killed comes back empty, and the mesh replays', async () => {
  const root = await mkdtemp(join(tmpdir(), 'millrace-mesh-'))
  const modelsFolder = join(root, '_mlserver_models')
  const first = await startServerProcess({ modelsFolder })
  const port = Number(first.grpc.split(':')[1])
  const adapter = await createAdapter({ server: first.grpc, rootModelFolder: root })
  const mesh = createMesh(adapter, first.grpc)
  await mesh.start()
  const modelPath = join(root, 'weights.json')
  await writeFile(modelPath, '{"answer": 5}')
  mesh.register('m', { modelType: 'mt:custom', modelPath, modelKey: '{"model_type":"custom"}' })
  assert.equal((await mesh.infer('m', { inputs: [] })).outputs[0]!.contents!['fp32_contents']![0], 5)

  await first.kill()
  const second = await startServerProcess({ modelsFolder, grpcPort: port })
  try {
    // The model's folder is still there, and nothing of it is loaded.
    assert.deepEqual(await readdir(modelsFolder), ['m'])
    const reply = await mesh.infer('m', { inputs: [] })
    assert.equal(reply.model_name, 'm')
    assert.deepEqual(mesh.purged, ['m'])
  } finally {
    mesh.close()
    adapter.close()
    await second.stop()
    await rm(root, { recursive: true, force: true })
  }
})
