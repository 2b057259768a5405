import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { findInterpreter } from './interpreter.ts'

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-interpreter-'))
  for (const program of ['env/bin/python', 'bin/python3', 'bin/python3.12', 'own/python']) {
    await mkdir(join(folder, program, '..'), { recursive: true })
    await writeFile(join(folder, program), '')
    await chmod(join(folder, program), 0o755)
  }
  await writeFile(join(folder, 'no-program'), '')
})
after(() => rm(folder, { recursive: true }))

function find(
  { parameters = {}, extra = {} }: { parameters?: Record<string, unknown>; extra?: Record<string, unknown> },
  environment: NodeJS.ProcessEnv = {},
) {
  return findInterpreter(
    { name: 'm', folder, parameters, extra },
    { PATH: join(folder, 'bin'), HOME: folder, ...environment },
  )
}

test('what is said first in the order is taken', async () => {
  const environmentPath = { environment_path: 'env' }
  const own = { python: './own/python' }
  const table: [Awaited<ReturnType<typeof find>>, string, string][] = [
    [
      await find({ parameters: environmentPath, extra: own }, { MILLRACE_PYTHON: 'python3.12' }),
      'env/bin/python',
      'parameters.environment_path',
    ],
    [await find({ extra: own }, { MILLRACE_PYTHON: 'python3.12' }), 'own/python', 'parameters.extra.python'],
    [await find({}, { MILLRACE_PYTHON: 'python3.12' }), 'bin/python3.12', 'MILLRACE_PYTHON'],
    [await find({}), 'bin/python3', 'the PATH'],
  ]
  for (const [found, path, chosenBy] of table) assert.deepEqual(found, { path: join(folder, path), chosenBy })
})

test('~ and variables are expanded', async () => {
  const path = join(folder, 'env/bin/python')
  for (const value of ['~/env', '$HOME/env', '${HOME}/env', './env', join(folder, 'env')]) {
    assert.equal((await find({ parameters: { environment_path: value } })).path, path, value)
  }
  await assert.rejects(find({ parameters: { environment_path: '$UNKNOWN/env' } }), {
    code: 'FAILED_PRECONDITION',
    message: `Model m: parameters.environment_path: ${join(folder, '$UNKNOWN/env/bin/python')} is not there or cannot be run`,
  })
})

test('what cannot be run is said with where it was named', async () => {
  await assert.rejects(find({ extra: { python: './no-program' } }), {
    message: `Model m: parameters.extra.python: ${join(folder, 'no-program')} is not there or cannot be run`,
  })
  await assert.rejects(find({}, { MILLRACE_PYTHON: 'python9' }), {
    message: /^Model m: MILLRACE_PYTHON: there is no python9 on the PATH;/,
  })
  await assert.rejects(find({}, { PATH: '' }), {
    message: /^Model m: the PATH: there is no python3 on the PATH; install Python 3.9/,
  })
  await assert.rejects(find({ parameters: { environment_path: 5 } }), {
    message: /environment_path: 5 is not a path/,
  })
  await assert.rejects(find({ parameters: { environment_tarball: 'a.tar.gz' } }), {
    message: /nobody has unpacked it/,
  })
})
