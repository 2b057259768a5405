import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createLogger, loadServerSettings, type RunningServer, serve } from '@millrace/server'
import { modelFiles, type TestScope, testFolder } from './test-command.ts'

const SUM = `export class TestModel {
  inputs = [{ name: 'x', datatype: 'INT32', shape: [-1, 3] }]
  predict({ inputs: [{ shape: [rows, columns], data }] }) {
    const sums = Array.from({ length: rows }, (_, row) => {
      let sum = 0n
      for (const value of data.subarray(row * columns, (row + 1) * columns)) sum += BigInt(value)
      return sum
    })
    return { outputs: [{ name: 'total', datatype: 'INT64', shape: [rows], data: sums }] }
  }
}`
const ECHO = 'export class TestModel { predict({ inputs }) { return { outputs: inputs } } }'
/** One output whatever was asked, so that nobody can say whose it is. */
const ONE = `export class TestModel {
  predict() { return { outputs: [{ name: 'one', datatype: 'INT32', shape: [1], data: [1] }] } }
}`
const PICKY = `export class TestModel {
  predict({ inputs: [input] }) {
    if (input.data.includes(13)) throw new Error('unlucky')
    return { outputs: [input] }
  }
}`

/** A server in this process with the models `sum`, `echo`, `one` and `picky`. */
export async function startModels(t: TestScope): Promise<{ readonly rest: string; readonly grpc: string }> {
  const folder = await testFolder(t, {
    ...modelFiles('sum', SUM),
    ...modelFiles('echo', ECHO),
    ...modelFiles('one', ONE),
    ...modelFiles('picky', PICKY),
  })
  const flags = { http_port: 0, grpc_port: 0, metrics_port: 0 }
  const { settings } = await loadServerSettings({ flags, environment: {} })
  const log = createLogger({ isStructured: true, level: 'error', write: () => {} })
  const server: RunningServer = await serve({ folder, settings, environment: {}, log })
  t.after(() => server.close())
  const failures = await server.started
  if (failures.length > 0) throw new Error(`models failed to load: ${String(failures[0]?.error)}`)
  return {
    rest: `${server.rest.host}:${server.rest.port}`,
    grpc: `${server.grpc.host}:${server.grpc.port}`,
  }
}

/** A server that does what a test says. */
export async function startHttp(t: TestScope, handle: RequestListener) {
  const server = createServer(handle).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const stop = () => {
    server.closeAllConnections()
    server.close()
  }
  t.after(stop)
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, stop }
}

export async function jsonOf(request: IncomingMessage): Promise<{ readonly id: string }> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return JSON.parse(Buffer.concat(chunks).toString()) as { readonly id: string }
}
