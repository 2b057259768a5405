import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type FuzzResult, fuzz } from './fuzz-run.ts'
import { replay } from './replay.ts'
import { ServerProcess } from './target/server-process.ts'

const REPOSITORY = fileURLToPath(new URL('repository', import.meta.url))

suite('a short run with a fixed seed', () => {
  test('finds nothing', async t => {
    const { result, lines, server } = await run(t, REPOSITORY, 100)
    assert.deepEqual(
      lines.filter(line => line.includes('FAILED')),
      [],
    )
    assert.equal(result.trouble, undefined)
    for (const { name, inputCount } of result.phases) assert.ok(inputCount >= 100, name)
    assert.ok(result.goodRequestCount > 0)
    assert.equal(result.samples.length, 1)
    assert.equal(await server.stop(), undefined)
  })

  test('finds a model that fails, and can send it again', async t => {
    const repository = await temporaryFolder(t)
    await mkdir(join(repository, 'echo'))
    await writeFile(
      join(repository, 'echo', 'model-settings.json'),
      '{ "name": "echo", "implementation": "./model.ts:Broken" }',
    )
    await writeFile(
      join(repository, 'echo', 'model.ts'),
      "export class Broken { predict() { throw new Error('on purpose') } }",
    )
    const { result, lines, server, findings } = await run(t, repository, 100)
    assert.match(result.trouble ?? '', /standard error has .*on purpose/s)
    assert.ok(lines.some(line => line.includes('--replay')))

    const [file = ''] = await readdir(findings)
    const said: string[] = []
    const complaints = await replay(server, join(findings, file), line => said.push(line))
    assert.ok(complaints.length > 0)
    assert.ok(said.some(line => line.startsWith('FAILED')))
  })
})

async function run(
  t: TestContext,
  repository: string,
  roundInputs: number,
): Promise<{
  readonly result: FuzzResult
  readonly lines: readonly string[]
  readonly server: ServerProcess
  readonly findings: string
}> {
  const findings = await temporaryFolder(t)
  const server = await ServerProcess.start(repository)
  t.after(async () => {
    await server.stop()
  })
  const lines: string[] = []
  const result = await fuzz(server, {
    seed: 20_241,
    runMs: Number.POSITIVE_INFINITY,
    roundMs: Number.POSITIVE_INFINITY,
    roundInputs,
    roundsMax: 1,
    findingsFolder: findings,
    print: line => lines.push(line),
  })
  return { result, lines, server, findings }
}

async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-fuzz-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}
