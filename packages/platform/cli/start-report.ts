import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { exampleInputs, type Tensor } from '@millrace/sdk'
import type { Address, ModelEntry, RunningServer, ServerSettings } from '@millrace/server'
import pc from 'picocolors'

/** Beside a model: a request that shows what the model is for, and that people can paste. */
const EXAMPLE_REQUEST_FILE = 'example-request.json'

/** What `millrace serve` prints as soon as it listens. */
export function listeningText(server: RunningServer, settings: ServerSettings): string {
  const lines = [
    `  REST     ${pc.cyan(url(server.rest))}`,
    `  gRPC     ${pc.cyan(hostAndPort(server.grpc))}`,
    server.metrics === null
      ? '  metrics  off'
      : `  metrics  ${pc.cyan(`${url(server.metrics)}${settings.metricsEndpoint}`)}`,
  ]
  return `${lines.join('\n')}\n`
}

/** What it prints once every model is ready: their names, and one line to paste. */
export async function readyText(server: RunningServer, durationMs: number): Promise<string> {
  const entries = server.registry.loaded(undefined, undefined)
  if (entries.length === 0) return '  models   none yet; load them through the repository API\n'
  const names = [...new Set(entries.map(entry => entry.name))].toSorted()
  const ready = `  models   ${names.map(name => pc.green(name)).join(', ')} ready in ${(durationMs / 1000).toFixed(1)} s\n`
  const curl = await curlLine(entries, server.rest)
  return curl === null ? ready : `${ready}\nTry it:\n\n${curl}\n`
}

/** A `curl` line that returns a prediction of the first model that says what it takes. */
async function curlLine(entries: readonly ModelEntry[], rest: Address): Promise<string | null> {
  const byName = entries.toSorted((left, right) => left.name.localeCompare(right.name))
  for (const makeBody of [exampleFile, contractExample]) {
    for (const entry of byName) {
      const body = await makeBody(entry)
      if (body !== null) return lineFor(entry, body, rest)
    }
  }
  return null
}

/** A `curl` line that returns a prediction of this model; `null` if it does not say what it takes. */
export async function modelCurlLine(entry: ModelEntry, rest: Address): Promise<string | null> {
  const body = (await exampleFile(entry)) ?? contractExample(entry)
  return body === null ? null : lineFor(entry, body, rest)
}

function lineFor({ name }: ModelEntry, body: string, rest: Address): string {
  const target = `${url(rest)}/v2/models/${encodeURIComponent(name)}/infer`
  // Single quotes keep every byte of the JSON from the shell, except a single quote itself.
  return `curl -s ${target} -d '${body.replaceAll("'", "'\\''")}'`
}

async function exampleFile(entry: ModelEntry): Promise<string | null> {
  const folder = entry.instance?.settings.folder
  if (folder === undefined) return null
  try {
    const text = await readFile(join(folder, EXAMPLE_REQUEST_FILE), 'utf8')
    return JSON.stringify(JSON.parse(text))
  } catch {
    // The file is a courtesy to the reader of this line; without it the contract gives an example.
    return null
  }
}

function contractExample(entry: ModelEntry): string | null {
  const inputs = entry.instance?.bound.model.inputs ?? []
  if (inputs.length === 0 || inputs.some(input => input.datatype === 'BF16')) return null
  return JSON.stringify({ inputs: exampleInputs(inputs).map(jsonTensor) })
}

function jsonTensor({ name, datatype, shape, data }: Tensor): object {
  const values = datatype === 'BYTES' ? data.toStrings() : Array.from<number | bigint>(data).map(Number)
  return { name, datatype, shape, data: datatype === 'BOOL' ? values.map(Boolean) : values }
}

export function url(address: Address): string {
  return `${address.isSecure ? 'https' : 'http'}://${hostAndPort(address)}`
}

/** Where a client on this machine connects: an address that means "all" is no place to connect to. */
function hostAndPort({ host, port }: Address): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return reachable.includes(':') ? `[${reachable}]:${port}` : `${reachable}:${port}`
}
