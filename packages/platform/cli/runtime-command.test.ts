import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Tensor } from '@millrace/sdk'
import { createHydrosphereClient } from '@millrace/sdk/client'
import { encodeContract, HYDROSPHERE_GENERATIONS, type HydrosphereGeneration } from '@millrace/sdk/protocol'
import { EXIT } from './exit-codes.ts'
import { runCommand, startCommand, testFolder } from './test-command.ts'

const SCALE = `
export function scale({ xs }) {
  if (xs.data.includes(13)) throw new RangeError('unlucky')
  return { total: { shape: [], data: [xs.data.reduce((sum, x) => sum + x, 0)] } }
}`

const field = (name: string, shape: number[] | undefined) =>
  ({ name, datatype: 'FP64', shape, profile: 'NUMERICAL' }) as const

/** A folder as a container has it at /model. */
async function modelFolder(
  t: TestContext,
  generation: HydrosphereGeneration,
  files: Record<string, string> = { 'files/src/func_main.ts': SCALE },
): Promise<string> {
  const folder = await testFolder(t, files)
  const signatures = [{ name: 'scale', inputs: [field('xs', [-1, 2])], outputs: [field('total', [])] }]
  const contract = encodeContract({ modelName: 'scaler', signatures }, generation)
  await writeFile(join(folder, 'contract.protobin'), contract)
  return folder
}

const xs = (...values: number[]): Tensor => ({
  name: 'xs',
  datatype: 'FP64',
  shape: [values.length / 2, 2],
  data: Float64Array.from(values),
})

for (const generation of HYDROSPHERE_GENERATIONS) {
  test(`a container of ${generation} serves its model on APP_PORT`, async t => {
    const folder = await modelFolder(t, generation)
    const command = startCommand(t, ['runtime', '--host', '127.0.0.1'], {
      env: { MODEL_DIR: folder, APP_PORT: '0' },
    })
    const [, port] = await command.printed(/serving .*port=(\d+)/)
    const client = createHydrosphereClient({ target: `127.0.0.1:${port}`, generation })
    t.after(() => client.close())
    assert.equal(await client.health(), 'SERVING')
    if (generation === 'G2') assert.equal((await client.status()).status, 'SERVING')
    const { outputs } = await client.predict({ modelName: 'whatever-1', inputs: [xs(1.5, 2)] })
    assert.deepEqual(outputs, [{ name: 'total', datatype: 'FP64', shape: [], data: Float64Array.of(3.5) }])
    await assert.rejects(client.predict({ modelName: '', inputs: [xs(13, 2)] }), {
      code: 'INTERNAL',
      message: /RangeError: unlucky/,
    })
    command.child.kill('SIGTERM')
    assert.equal(await command.ended, 0)
  })
}

test('a folder that cannot be served is told of in one line', async t => {
  const good = await modelFolder(t, 'G3')
  const noFiles = await testFolder(t, { 'contract.protobin': '' })
  const noContract = await testFolder(t, { 'files/src/func_main.ts': SCALE })
  const wrongContract = await testFolder(t, { 'files/f.txt': '', 'contract.protobin': 'no contract at all' })
  const cases: [args: string[], exitCode: number, message: RegExp][] = [
    [
      ['--model-dir', noFiles],
      EXIT.configuration,
      /has no folder files; a model's folder has contract\.protobin/,
    ],
    [['--model-dir', noContract], EXIT.configuration, /contract\.protobin cannot be read/],
    [['--model-dir', wrongContract], EXIT.configuration, /contract\.protobin: /],
    [['--model-dir', good, '--generation', 'G4'], EXIT.usage, /G4/],
  ]
  for (const [args, exitCode, message] of cases) {
    const ended = await runCommand(t, ['runtime', '--host', '127.0.0.1', '--port', '0', ...args])
    assert.match(ended.stderr, message)
    assert.equal(ended.exitCode, exitCode, ended.stderr)
    assert.match(ended.stderr, /^millrace: [^\n]+\n$/)
  }
})

test('a model that does not load ends the process, with its reason', async t => {
  const folder = await modelFolder(t, 'G3', { 'files/src/func_main.ts': 'export function other() {}' })
  const args = ['runtime', '--model-dir', folder, '--host', '127.0.0.1', '--port', '0']
  const { exitCode, stderr } = await runCommand(t, args)
  assert.equal(exitCode, EXIT.modelLoad)
  assert.match(stderr, /millrace: .*exports no function 'scale'; it exports other/)
})
