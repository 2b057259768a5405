import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { toTensor } from '@millrace/sdk'
import { createHydrosphereClient } from '@millrace/sdk/client'
import { encodeContract } from '@millrace/sdk/protocol'
import { driverBed, isServing, until } from './driver-bed.ts'

const MAIN = fileURLToPath(new URL('../cli/main.ts', import.meta.url))
const SCALE = `
console.log('scaled by', process.env.FACTOR, 'secret', process.env.MILLRACE_SECRET)
export function scale({ x }) { return { y: { shape: x.shape, data: x.data.map(v => v * Number(process.env.FACTOR)) } } }`

const field = (name: string) => ({ name, datatype: 'FP64', shape: [-1], profile: 'NUMERICAL' }) as const

test('the built-in runtime serves a model with the variables of its deployment', async t => {
  const { driver, spec, modelFolder } = await driverBed(t, {
    builtInCommand: [process.execPath, '--conditions=millrace-source', MAIN],
    environment: { ...process.env, MILLRACE_SECRET: 'hush', MLSERVER_DEBUG: 'x' },
  })
  await mkdir(join(modelFolder, 'files', 'src'))
  await writeFile(join(modelFolder, 'files', 'src', 'func_main.ts'), SCALE)
  const signatures = [{ name: 'scale', inputs: [field('x')], outputs: [field('y')] }]
  await writeFile(
    join(modelFolder, 'contract.protobin'),
    encodeContract({ modelName: 'scaler', signatures }, 'G3'),
  )
  const deployment = driver.deploy(spec({}, { runtime: { kind: 'built-in' }, environment: { FACTOR: '3' } }))
  await until(deployment, isServing)
  const [replica] = deployment.replicas
  assert.equal(replica!.protocol, 'G3')
  const client = createHydrosphereClient({ target: replica!.address, generation: 'G3' })
  t.after(() => client.close())
  const x = toTensor({ name: 'x', datatype: 'FP64', shape: [2], data: [1, 2] })
  const { outputs } = await client.predict({ modelName: '', inputs: [x] })
  assert.deepEqual(outputs[0]?.data, Float64Array.of(3, 6))
  const lines: string[] = []
  for await (const line of deployment.logs({ follow: false })) lines.push(line)
  assert.match(lines.join('\n'), /scaled by 3 secret undefined/)
  assert.doesNotMatch(lines.join('\n'), /WARN|ERROR|warn|error/)
})

test('a model that does not load is told of with its reason', async t => {
  const { driver, spec, modelFolder } = await driverBed(t, {
    builtInCommand: [process.execPath, '--conditions=millrace-source', MAIN],
  })
  await writeFile(join(modelFolder, 'contract.protobin'), 'no contract')
  const deployment = driver.deploy(spec({}, { runtime: { kind: 'built-in' } }))
  await until(deployment, ({ status }) => status.state === 'NotServing')
  assert.match(
    deployment.status.message!,
    /^the replica ended with exit code \d+ before it was ready; its last lines:\nmillrace: .*contract\.protobin/,
  )
})
