import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { createLogger, loadServerSettings, serve } from '@millrace/server'

/** A folder that goes with the test. */
export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sources-'))
  t.after(() => rm(folder, { recursive: true }))
  return folder
}

/** Starts a program, and gives back what `pattern` finds in the first line of its output that it fits. */
export async function startProgram(
  t: TestContext,
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  pattern: RegExp,
): Promise<string> {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(child, 'close')
  t.after(async () => {
    child.kill('SIGKILL')
    await ended
  })
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', line => {
      output += `${line}\n`
      const found = pattern.exec(line)?.[1]
      if (found !== undefined) resolve(found)
    })
  }
  ended.then(
    () => reject(new Error(`${program} ended:\n${output}`)),
    (error: unknown) => reject(error),
  )
  return promise
}

/** The text of a model that says what `weights.txt` beside it, or at its `uri`, holds. */
export const MODEL = `import { readFileSync, statSync } from 'node:fs'
export class TestModel {
  constructor(settings) { this.settings = settings }
  load() {
    const { uri } = this.settings
    this.text = readFileSync(statSync(uri).isDirectory() ? uri + '/weights.txt' : uri, 'utf8')
  }
  predict() { return { outputs: [{ name: 'said', datatype: 'BYTES', shape: [1], data: [this.text] }] } }
}`

export const SETTINGS = JSON.stringify({ implementation: './model.mjs:TestModel' })

export interface Served {
  readonly ask: (model: string) => Promise<string>
  readonly load: (model: string) => Promise<number>
}

/** Serves the repository behind a URI. */
export async function serveFrom(
  t: TestContext,
  uri: string,
  environment: Readonly<Record<string, string>>,
): Promise<Served> {
  const model_cache_dir = await temporaryFolder(t)
  const flags = { http_port: 0, grpc_port: 0, metrics_port: 0, model_cache_dir }
  const { settings } = await loadServerSettings({ flags, environment: {} })
  const log = createLogger({ isStructured: false, level: 'error' })
  const server = await serve({ folder: uri, settings, environment, log })
  t.after(() => server.close())
  const failures = await server.started
  if (failures[0] !== undefined) throw failures[0].error
  const post = (path: string, body: object) =>
    fetch(`http://127.0.0.1:${server.rest.port}/v2/${path}`, { method: 'POST', body: JSON.stringify(body) })
  return {
    async ask(model) {
      const response = await post(`models/${model}/infer`, { inputs: [] })
      const { outputs } = (await response.json()) as { outputs: { data: string[] }[] }
      return outputs[0]!.data[0]!
    },
    async load(model) {
      const response = await post(`repository/models/${model}/load`, {})
      await response.arrayBuffer()
      return response.status
    },
  }
}
