/** A platform with many versions and applications: what making them, listing them and starting with them takes. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { millraceForm } from '../contestants/millrace-form.ts'
import { ServerProcess } from '../process/server-process.ts'
import { medianOf } from './median.ts'

const VERSIONS = 1000
const APPLICATIONS = 200
const LISTED = 20
const JSON_HEADERS = { 'content-type': 'application/json' }
const MODEL = fileURLToPath(new URL('../models-waiting/', import.meta.url))
/** What servables of the applications run. */
const COMMAND = JSON.stringify(['sleep', '100000'])

const data = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
try {
  const first = await start()
  const made = await make(first.url)
  const lists = {
    versionsMs: await listMs(`${first.url}/api/v2/model/version`, VERSIONS),
    applicationsMs: await listMs(`${first.url}/api/v2/application`, APPLICATIONS),
    servablesMs: await listMs(`${first.url}/api/v2/servable`, APPLICATIONS),
  }
  await first.server.stop()
  const second = await start()
  await second.server.stop()
  console.log(JSON.stringify({ ...lists, ...made, restartMs: second.startMs }))
} finally {
  rmSync(data, { recursive: true, force: true, maxRetries: 5 })
}

async function start() {
  const ports = ['--http-port=0', '--grpc-port=0', '--metrics-port=0']
  const command = [process.execPath, ...millraceForm().command, 'up', `--data=${data}`, ...ports]
  const server = new ServerProcess({ command, cores: 'all' })
  const [url] = await server.printed(/^ *REST +(http:\/\/\S+)/m)
  await server.printed(/Ctrl\+C/)
  return { server, url: url!, startMs: performance.now() - server.startedMs }
}

async function make(url: string) {
  await call('POST', `${url}/api/v1/runtime`, {
    name: 'bench/waits',
    version: '1',
    modelTypes: ['string'],
    tags: ['string'],
    configParams: { MILLRACE_COMMAND: COMMAND },
  })
  // A process for the command line, as anybody would use it.
  const apply = [...millraceForm().command, 'apply', '--server', url, '--filename', MODEL]
  execFileSync(process.execPath, apply, { stdio: ['ignore', 'ignore', 'inherit'] })
  const version = await call('GET', `${url}/api/v2/model/version/waits/1`)
  const { id, modelSignature } = version as { readonly id: number; readonly modelSignature: object }
  const createVersionsMs = await took(VERSIONS - 1, index =>
    call('POST', `${url}/api/v2/externalmodel`, {
      name: `external-${index % 50}`,
      signature: modelSignature,
    }),
  )
  const stages = [{ modelVariants: [{ modelVersionId: id, weight: 100 }] }]
  const createApplicationsMs = await took(APPLICATIONS, index =>
    call('POST', `${url}/api/v2/application`, {
      name: `application-${index}`,
      kafkaStreaming: [],
      executionGraph: { stages },
    }),
  )
  return { createVersionsMs, createApplicationsMs }
}

async function took(count: number, step: (index: number) => Promise<unknown>): Promise<number> {
  const startedMs = performance.now()
  for (let index = 0; index < count; index++) await step(index)
  return performance.now() - startedMs
}

async function listMs(url: string, length: number): Promise<number> {
  const times: number[] = []
  for (let round = 0; round < LISTED; round++) {
    const startedMs = performance.now()
    const list = (await call('GET', url)) as readonly unknown[]
    times.push(performance.now() - startedMs)
    if (list.length !== length) throw new Error(`${url} lists ${list.length}; ${length} were made`)
  }
  return medianOf(times)
}

async function call(method: string, url: string, body?: object): Promise<unknown> {
  const init = body === undefined ? {} : { body: JSON.stringify(body), headers: JSON_HEADERS }
  const response = await fetch(url, { method, ...init })
  const text = await response.text()
  if (response.status !== 200) throw new Error(`${method} ${url}: ${response.status} ${text}`)
  return JSON.parse(text)
}
