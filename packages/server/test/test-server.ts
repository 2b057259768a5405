import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { createLogger, loadServerSettings } from '../base/index.ts'
import { type RunningServer, serve } from '../serve.ts'

/** Texts by their path in the model repository. */
export type Files = Readonly<Record<string, string>>

export interface TestServer {
  readonly server: RunningServer
  /** Every line of the log. */
  readonly log: readonly Readonly<Record<string, unknown>>[]
  /** Writes further files into the repository. */
  readonly write: (files: Files) => Promise<void>
  readonly remove: (path: string) => Promise<void>
  readonly get: (path: string) => Promise<Reply>
  readonly post: (path: string, body?: object) => Promise<Reply>
  /** What a model says that {@link saying} made, or why it does not. */
  readonly ask: (model: string, version?: string) => Promise<string>
}

export interface Reply {
  readonly status: number
  readonly headers: Headers
  /** `undefined` for an empty body, the text for what is no JSON. */
  readonly body: unknown
}

/**
 * A server in this process over a folder of its own, closed with the test. Nothing waits for its models.
 * @param settings by the names of `settings.json`
 */
export async function startTestServer(
  t: TestContext,
  files: Files,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<TestServer> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-server-'))
  const write = (more: Files) => writeFiles(folder, more)
  await write(files)
  const loaded = await loadServerSettings({
    flags: {
      http_port: 0,
      grpc_port: 0,
      metrics_port: 0,
      shutdown_timeout: 10,
      parallel_workers: 0,
      ...settings,
    },
    environment: {},
  })
  const log: Record<string, unknown>[] = []
  const server = await serve({
    folder,
    settings: loaded.settings,
    environment: {},
    log: createLogger({
      isStructured: true,
      level: 'debug',
      write: line => void log.push(JSON.parse(line) as Record<string, unknown>),
    }),
  })
  t.after(async () => {
    await server.close()
    await rm(folder, { recursive: true })
  })

  const base = `http://${server.rest.host}:${server.rest.port}`
  const get = async (path: string) => toReply(await fetch(`${base}${path}`))
  const post = async (path: string, body?: object) =>
    toReply(
      await fetch(`${base}${path}`, {
        method: 'POST',
        body: body === undefined ? null : JSON.stringify(body),
      }),
    )
  return {
    server,
    log,
    write,
    remove: path => rm(join(folder, path), { recursive: true }),
    get,
    post,
    async ask(model, version) {
      const path = version === undefined ? model : `${model}/versions/${version}`
      const { status, body } = await post(`/v2/models/${path}/infer`, { inputs: [] })
      if (status !== 200) return `${status} ${(body as { error: string }).error}`
      return (body as { outputs: { data: string[] }[] }).outputs[0]!.data[0]!
    },
  }
}

async function writeFiles(folder: string, files: Files): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
}

async function toReply(response: Response): Promise<Reply> {
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? undefined : isJson ? JSON.parse(text) : text,
  }
}

/** A model that says something; its members go before `predict`. */
export function saying(text: string, members = ''): string {
  return `export class TestModel {
${members}
  predict() {
    return { outputs: [{ name: 'said', datatype: 'BYTES', shape: [1], data: [${JSON.stringify(text)}] }] }
  }
}
// ${randomUUID()}
`
}

/** The two files of a model. */
export function modelFiles(folder: string, code: string, settings: object = {}): Files {
  return {
    [`${folder}/model-settings.json`]: JSON.stringify({
      implementation: './model.ts:TestModel',
      ...settings,
    }),
    [`${folder}/model.ts`]: code,
  }
}
