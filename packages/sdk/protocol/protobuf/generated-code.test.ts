import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { health, inference, modelRepository, reflection, reflectionV1Alpha } from '../index.ts'

const root = fileURLToPath(new URL('../../../../', import.meta.url))
const committed = 'packages/sdk/protocol/proto'

async function generatedFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true })
  return entries.filter(entry => /_pb\.(js|d\.ts)$/.test(entry)).sort()
}

test('the committed code is what the .proto files generate', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-generated-'))
  t.after(() => rm(folder, { recursive: true }))
  await promisify(execFile)(
    process.execPath,
    [join(root, 'node_modules/@bufbuild/buf/bin/buf'), 'generate', '--output', folder],
    // The plugin is a script that looks for node on the path.
    {
      cwd: root,
      env: { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH']}` },
    },
  )
  const fresh = join(folder, committed)
  const files = await generatedFiles(fresh)
  assert.notEqual(files.length, 0)
  assert.deepEqual(await generatedFiles(join(root, committed)), files)
  for (const file of files) {
    const [is, shouldBe] = await Promise.all([
      readFile(join(root, committed, file), 'utf8'),
      readFile(join(fresh, file), 'utf8'),
    ])
    assert.equal(is, shouldBe, `${file} is out of date: run npx buf generate`)
  }
})

test('the generated services have the full names of the wire', () => {
  assert.equal(inference.GRPCInferenceService.typeName, 'inference.GRPCInferenceService')
  assert.equal(
    modelRepository.ModelRepositoryService.typeName,
    'inference.model_repository.ModelRepositoryService',
  )
  assert.equal(health.Health.typeName, 'grpc.health.v1.Health')
  assert.equal(reflection.ServerReflection.typeName, 'grpc.reflection.v1.ServerReflection')
  assert.equal(reflectionV1Alpha.ServerReflection.typeName, 'grpc.reflection.v1alpha.ServerReflection')
  assert.deepEqual(
    inference.GRPCInferenceService.methods.map(method => method.name),
    [
      'ServerLive',
      'ServerReady',
      'ModelReady',
      'ServerMetadata',
      'ModelMetadata',
      'ModelInfer',
      'ModelStreamInfer',
      'RepositoryIndex',
      'RepositoryModelLoad',
      'RepositoryModelUnload',
      'ModelConfig',
      'ModelStatistics',
      'SystemSharedMemoryStatus',
      'SystemSharedMemoryRegister',
      'SystemSharedMemoryUnregister',
      'CudaSharedMemoryStatus',
      'CudaSharedMemoryRegister',
      'CudaSharedMemoryUnregister',
      'TraceSetting',
      'LogSettings',
    ],
  )
})

test('the model configuration is part of package inference', () => {
  assert.equal(inference.ModelConfigSchema.typeName, 'inference.ModelConfig')
  assert.equal(inference.DataType.TYPE_BF16, 14)
})
