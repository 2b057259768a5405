import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const TIMEOUT_MS = 60_000

/**
 * Starts `millrace up` and loads its first page with the script that the page names.
 * @param command what `up` is an argument of
 * @throws Error when there is no web interface
 */
export async function openPages(command: readonly [string, ...string[]], cwd: string): Promise<void> {
  const data = await mkdtemp(join(tmpdir(), 'millrace-pages-'))
  const [program, ...args] = command
  const ports = ['--http-port', '0', '--grpc-port', '0', '--metrics-port', '0']
  const child = spawn(program, [...args, 'up', '--data', data, ...ports], {
    cwd,
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: TIMEOUT_MS,
  })
  const ended = once(child, 'exit')
  try {
    const url = await untilAddress(child.stdout)
    child.stdout.resume()
    const page = await load(url)
    const [, script] = /<script [^>]*src="([^"]+)"/.exec(page) ?? []
    if (script === undefined) throw new Error(`${url} names no script: ${page}`)
    await load(new URL(script, url).href)
  } finally {
    child.kill('SIGTERM')
    await ended
    await rm(data, { recursive: true, force: true })
  }
}

async function untilAddress(output: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: output })) {
    const [, said] = /^ *UI +(.*)$/.exec(line) ?? []
    if (said === undefined) continue
    if (said.startsWith('http')) return said
    throw new Error(`millrace up has no web interface: ${said}`)
  }
  throw new Error('millrace up ended before it had printed the address of its web interface')
}

async function load(url: string): Promise<string> {
  const response = await fetch(url)
  const text = await response.text()
  if (!response.ok) throw new Error(`${url} answers ${response.status}: ${text}`)
  return text
}
