import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, readdir, rename, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { create } from 'tar'
import { ask, createPoolBed, KINDS, modelCode, type PoolBed } from './pool-bed.ts'

/** Files of an environment with a package `colour` of a version, and the folder of its programs. */
async function writeEnvironment(folder: string, version: string): Promise<void> {
  const files = {
    'node_modules/colour/package.json': JSON.stringify({
      name: 'colour',
      version,
      type: 'module',
      exports: './index.js',
    }),
    'node_modules/colour/index.js': `export const version = '${version}'
export class Painted { predict() { return { outputs: [{ name: 'said', datatype: 'BYTES', shape: [1], data: ['painted ${version}'] }] } } }`,
    'bin/tool': '',
  }
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
}

const IMPORTING = modelCode(
  `predict() { return say(version, process.env.PATH.split(':')[0]) }`,
  `import { version } from 'colour'`,
)

async function pools(bed: PoolBed): Promise<string[]> {
  const statistics = await bed.pools.statistics()
  return [...new Set(statistics.map(({ pool }) => pool))].toSorted()
}

for (const kind of KINDS) {
  test(`${kind}: models import packages of their environment before others, and find its programs`, async t => {
    const bed = await createPoolBed(t, kind)
    const environment = join(bed.folder, 'env')
    await writeEnvironment(environment, '1.3.1')
    // Where the package would be found without one.
    await writeEnvironment(bed.folder, '0.0.9')
    const own = await bed.load('own', IMPORTING, { parameters: { environment_path: '../env' } })
    assert.equal(await ask(own, 'x'), `1.3.1 ${join(environment, 'bin')}`)
    const painted = await bed.load('painted', '', {
      implementation: 'colour:Painted',
      parameters: { environment_path: environment },
    })
    assert.equal(await ask(painted, 'x'), 'painted 1.3.1')
    // What the environment does not have is found where it is.
    await writeEnvironment(join(bed.folder, 'mixed'), '3.0.0')
    await rename(join(bed.folder, 'mixed/node_modules/colour'), join(bed.folder, 'mixed/node_modules/shade'))
    const mixed = modelCode(
      `predict() { return say(shade, colour) }`,
      `import { version as shade } from 'shade'\nimport { version as colour } from 'colour'`,
    )
    assert.equal(
      await ask(await bed.load('mixed', mixed, { parameters: { environment_path: environment } }), 'x'),
      '3.0.0 1.3.1',
    )
    const other = await bed.load('other', IMPORTING)
    assert.match(await ask(other, 'x'), /^0\.0\.9 /)
    // One pool for the environment, one for the model without.
    assert.equal((await pools(bed)).length, 2)
  })

  test(`${kind}: an archive is unpacked once, and removed with its last model`, async t => {
    const bed = await createPoolBed(t, kind)
    await writeEnvironment(join(bed.folder, 'env'), '2.0.0')
    const file = join(bed.folder, 'env.tar.gz')
    await create({ file, gzip: true, cwd: join(bed.folder, 'env') }, ['.'])
    const parameters = { environment_tarball: '../env.tar.gz' }
    const [first, second] = await Promise.all([
      bed.load('first', IMPORTING, { parameters }),
      bed.load('second', IMPORTING, { parameters: { ...parameters, inference_pool_gid: 'group' } }),
    ])
    const environments = join(bed.folder, 'environments')
    const [hash, ...more] = await readdir(environments)
    assert.match(hash!, /^[0-9a-f]{64}$/)
    assert.deepEqual(more, [])
    assert.equal(await ask(second, 'x'), `2.0.0 ${join(environments, hash!, 'bin')}`)
    assert.deepEqual(await pools(bed), [hash!.slice(0, 12), `${hash!.slice(0, 12)}-group`])
    await first.model.unload()
    assert.deepEqual(await readdir(environments), [hash])
    await second.model.unload()
    assert.deepEqual(await readdir(environments), [])
    assert.deepEqual(await pools(bed), [])
  })
}

test('a folder that was unpacked before is used again', async t => {
  const bed = await createPoolBed(t, 'thread')
  await writeEnvironment(join(bed.folder, 'env'), '1.0.0')
  await create({ file: join(bed.folder, 'env.tar'), cwd: join(bed.folder, 'env') }, ['.'])
  const parameters = { environment_tarball: '../env.tar' }
  const first = await bed.load('first', IMPORTING, { parameters })
  const environments = join(bed.folder, 'environments')
  const [hash] = await readdir(environments)
  // As a server that was killed leaves it.
  await rename(join(environments, hash!), join(bed.folder, 'kept'))
  await first.model.unload()
  await rename(join(bed.folder, 'kept'), join(environments, hash!))
  await writeEnvironment(join(environments, hash!), '1.0.0-kept')
  const again = await bed.load('again', IMPORTING, { parameters })
  assert.match(await ask(again, 'x'), /^1\.0\.0-kept /)
})

test('environments that do not exist fail the load', async t => {
  const bed = await createPoolBed(t, 'thread')
  await writeFile(join(bed.folder, 'text.tar'), 'this is no archive')
  const cases: readonly (readonly [parameters: object, problem: RegExp])[] = [
    [{ environment_path: '../nowhere' }, /Model test: environment_path: there is no folder \/.*nowhere/],
    [{ environment_tarball: '../nowhere.tar' }, /environment_tarball: \/.*nowhere\.tar cannot be read/],
    [{ environment_tarball: '../text.tar' }, /cannot be unpacked/],
    [{ environment_path: '..', environment_tarball: '../x' }, /both set/],
    [{ environment_path: 7 }, /environment_path 7 is not a text/],
    [{ inference_pool_gid: 7 }, /inference_pool_gid 7 is not a text/],
  ]
  for (const [parameters, message] of cases) {
    await assert.rejects(bed.load('test', IMPORTING, { parameters: parameters as never }), {
      code: 'INVALID_ARGUMENT',
      message,
    })
  }
  assert.deepEqual(await bed.pools.statistics(), [])
})

test('hostile archives are refused and leave nothing', async t => {
  const bed = await createPoolBed(t, 'thread', { archiveLimits: { maxBytes: 10_000, maxEntries: 20 } })
  const cwd = join(bed.folder, 'content')
  await mkdir(join(cwd, 'many'), { recursive: true })
  await Promise.all(Array.from({ length: 21 }, (_, index) => writeFile(join(cwd, 'many', String(index)), '')))
  await writeFile(join(cwd, 'large'), new Uint8Array(10_001))
  await writeFile(join(cwd, 'evil'), 'evil')
  await symlink('/etc', join(cwd, 'absolute'))
  await symlink('../..', join(cwd, 'above'))
  const cases: readonly (readonly [entry: string, prefix: string, problem: RegExp])[] = [
    ['evil', '../../', /"\.\.\/\.\.\/evil" is refused; paths must be relative/],
    ['evil', '/', /"\/evil" is refused; paths must be relative/],
    ['absolute', '', /link "absolute" leads out of its folder, to "\/etc"/],
    ['above', '', /link "above" leads out of its folder, to "\.\.\/\.\."/],
    ['large', '', /more than 10000 bytes/],
    ['many', '', /more than 20 entries/],
  ]
  for (const [index, [entry, prefix, message]] of cases.entries()) {
    const file = join(bed.folder, `${index}.tgz`)
    await create(
      {
        file,
        gzip: true,
        cwd,
        preservePaths: true,
        onWriteEntry: written => void (written.path = prefix + written.path),
      },
      [entry],
    )
    await assert.rejects(
      bed.load('test', IMPORTING, { parameters: { environment_tarball: file } }),
      { code: 'INVALID_ARGUMENT', message },
      entry,
    )
    assert.deepEqual(await readdir(join(bed.folder, 'environments')), [])
  }
  assert.equal(existsSync('/evil'), false)
  assert.equal(existsSync(join(bed.folder, 'evil')), false)
})
