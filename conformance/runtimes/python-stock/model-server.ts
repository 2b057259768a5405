import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startServer } from '../../open-inference/target.ts'

/** The interpreter that has the libraries of requirements.txt. */
export const PYTHON = process.env['MILLRACE_TEST_PYTHON'] ?? 'python3'

/** Runs a script beside this file, and returns what it prints. */
export async function runPython(
  interpreter: string,
  script: string,
  args: readonly string[],
): Promise<string> {
  const path = fileURLToPath(new URL(script, import.meta.url))
  const { stdout } = await promisify(execFile)(interpreter, ['-B', '-W', 'ignore', path, ...args], {
    maxBuffer: 2 ** 26,
  })
  return stdout
}

/** Whether an interpreter is there and has all of these modules. */
export async function hasModules(interpreter: string, ...modules: readonly string[]): Promise<boolean> {
  return promisify(execFile)(interpreter, ['-c', `import ${modules.join(', ')}`]).then(
    () => true,
    () => false,
  )
}

/** A new folder, which is removed with what is in it. */
export async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'millrace-stock-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}

export interface HttpAnswer {
  readonly status: number
  readonly body: unknown
}

/** A server over a repository, asked with JSON. */
export interface ModelServer extends AsyncDisposable {
  infer(model: string, request: unknown): Promise<HttpAnswer>
  metadata(model: string): Promise<HttpAnswer>
  /** A route of a model's own. */
  request(path: string, init?: RequestInit): Promise<{ readonly status: number; readonly text: string }>
}

/** Rejects with the reasons, if a model fails to load. */
export async function startModelServer(folder: string, allowsPickle: boolean): Promise<ModelServer> {
  const target = await startServer({ folder, settings: { allow_pickle: allowsPickle } })
  const request = async (path: string, init?: RequestInit): Promise<{ status: number; text: string }> => {
    const response = await fetch(`${target.rest}${path}`, init)
    return { status: response.status, text: await response.text() }
  }
  const json = async (path: string, init?: RequestInit): Promise<HttpAnswer> => {
    const { status, text } = await request(path, init)
    return { status, body: JSON.parse(text) }
  }
  return {
    request,
    infer: (model, body) =>
      json(`/v2/models/${model}/infer`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    metadata: model => json(`/v2/models/${model}`),
    [Symbol.asyncDispose]: () => target.close(),
  }
}
