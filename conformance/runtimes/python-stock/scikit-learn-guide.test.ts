import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { startServer } from '../../open-inference/target.ts'
import { REPOSITORY_ROOT } from '../../walls/source-files.ts'
import { PYTHON, temporaryFolder } from './model-server.ts'

const run = promisify(execFile)

test('who follows the scikit-learn guide gets the answers that stand there', async () => {
  const guide = await readFile(join(REPOSITORY_ROOT, 'docs/guides/serve-scikit-learn.md'), 'utf8')
  await using folder = await temporaryFolder()
  const example = join(folder.path, 'scikit-learn')
  await cp(join(REPOSITORY_ROOT, 'examples/scikit-learn'), example, { recursive: true })
  await run(PYTHON, ['-B', '-W', 'ignore', join(example, 'export.py')])

  const settings = /`rents-joblib\/model-settings\.json`:\n\n```json\n([^]*?)```/.exec(guide)?.[1] ?? ''
  const file = await readFile(join(example, 'rents-joblib/model-settings.json'), 'utf8')
  assert.deepEqual(JSON.parse(settings), JSON.parse(file))

  process.env['MILLRACE_PYTHON'] = PYTHON
  const server = await startServer({ folder: example, settings: { allow_pickle: true } })
  try {
    const asked = [...guide.matchAll(/```sh\n(curl [^]*?)```\n\n```json\n(.*)\n```/g)]
    assert.equal(asked.length, 2)
    for (const [, command = '', answer = ''] of asked) {
      const { stdout } = await run('sh', ['-c', command.replace('http://127.0.0.1:8080', server.rest)])
      const { outputs, ...rest } = JSON.parse(answer) as Answer
      const served = JSON.parse(stdout) as Answer
      // Another processor may round differently in training, and so in the last digits here.
      assert.deepEqual(served.outputs.map(rounded), outputs.map(rounded))
      assert.deepEqual({ ...served, outputs: [] }, { ...rest, outputs: [] })
    }
  } finally {
    await server.close()
  }
})

interface Answer {
  readonly outputs: readonly { readonly data: readonly number[] }[]
}

function rounded({ data, ...rest }: Answer['outputs'][number]): object {
  return { ...rest, data: data.map(value => value.toPrecision(6)) }
}
