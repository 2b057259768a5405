import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { ServableSpec } from './deploy-driver.ts'
import { replicaEnvironment } from './replica-environment.ts'

const SPEC: ServableSpec = {
  name: 's',
  modelName: 'm',
  modelVersion: 1,
  modelFolder: '/model',
  runtime: { kind: 'built-in' },
  replicas: 1,
  environment: {},
  limits: {},
}

const OWN = {
  PYTHONUNBUFFERED: '1',
  APP_PORT: '4000',
  MODEL_DIR: '/model',
  HOST: '127.0.0.1',
  MILLRACE_REPLICA: 'r1',
}

function environmentOf(spec: Partial<ServableSpec>, parent: NodeJS.ProcessEnv, inherited: string[] = []) {
  return replicaEnvironment({
    spec: { ...SPEC, ...spec },
    port: 4000,
    replicaId: 'r1',
    parent,
    inheritedVariables: inherited,
  })
}

test('a replica gets what programs need, and no secrets', () => {
  const needed = {
    PATH: '/bin',
    HOME: '/root',
    LANG: 'C.UTF-8',
    LC_ALL: 'C',
    TMPDIR: '/tmp',
    http_proxy: 'http://proxy:3128',
    NO_PROXY: 'localhost',
    PYTHONPATH: '/lib',
    NODE_EXTRA_CA_CERTS: '/ca.pem',
    CUDA_VISIBLE_DEVICES: '0',
  }
  const secrets = {
    DATABASE_URL: 'postgres://u:p@db/x',
    PGPASSWORD: 'p',
    MILLRACE_TLS: '{}',
    MLSERVER_API_KEYS: 'k',
    AWS_SECRET_ACCESS_KEY: 'a',
    NODE_OPTIONS: '--inspect',
    HOMEBREW_TOKEN: 't',
    APP_PORT: '1',
    HOST: '0.0.0.0',
  }
  assert.deepEqual(environmentOf({}, { ...needed, ...secrets }), { ...needed, ...OWN })
  const more = environmentOf({}, { ...needed, ...secrets }, ['AWS_SECRET_ACCESS_KEY', 'MISSING'])
  assert.deepEqual(more, { ...needed, AWS_SECRET_ACCESS_KEY: 'a', ...OWN })
})

test('the deployment has the last word, but for what the driver says', () => {
  const environment = {
    LANG: 'de',
    GREETING: 'hi',
    APP_PORT: '1',
    MODEL_DIR: '/x',
    HOST: 'y',
    MILLRACE_REPLICA: 'z',
  }
  assert.deepEqual(environmentOf({ environment }, { LANG: 'en' }), { LANG: 'de', GREETING: 'hi', ...OWN })
})

test('whole processors are handed to thread pools', () => {
  assert.deepEqual(environmentOf({ limits: { cpus: 2 } }, {}), {
    UV_THREADPOOL_SIZE: '2',
    OMP_NUM_THREADS: '2',
    ...OWN,
  })
  assert.deepEqual(environmentOf({ limits: { cpus: 0.5 } }, {}), OWN)
  const environment = { OMP_NUM_THREADS: '8', UV_THREADPOOL_SIZE: '1' }
  assert.deepEqual(environmentOf({ limits: { cpus: 2 }, environment }, {}), { ...environment, ...OWN })
})

test('the Python of a version is found first', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-deploy-'))
  t.after(() => rm(folder, { recursive: true }))
  const bin = join(folder, 'venv', 'bin')
  await mkdir(bin, { recursive: true })
  const python = { VIRTUAL_ENV: join(folder, 'venv'), MILLRACE_PYTHON: join(bin, 'python') }
  const own = { ...OWN, MODEL_DIR: folder }
  const spec = { modelFolder: folder }
  const parent = { PATH: '/bin', MILLRACE_PYTHON: '/other' }
  assert.deepEqual(environmentOf(spec, parent), { ...python, PATH: `${bin}:/bin`, ...own })
  assert.deepEqual(environmentOf({ ...spec, environment: { PATH: '/opt' } }, parent), {
    ...python,
    PATH: `${bin}:/opt`,
    ...own,
  })
  assert.equal(environmentOf(spec, {})['PATH'], `${bin}:/usr/local/bin:/usr/bin:/bin`)
})
