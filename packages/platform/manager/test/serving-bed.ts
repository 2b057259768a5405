import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type Logger, ServingError } from '@millrace/sdk'
import { type ModelSignature, openStore, type SignatureField, type Store } from '../../store/index.ts'
import { createManager, type Manager, type ManagerOptions } from '../index.ts'
import { type ControlledDriver, createControlledDriver } from './controlled-driver-fixture.ts'

export interface ServingBed {
  readonly store: Store
  readonly driver: ControlledDriver
  readonly manager: Manager
  readonly warnings: readonly string[]
  /** Where the manager is listened for. */
  readonly url: string
  /** A released version of a model, with a signature of its own or that of a scaler. */
  release(modelName: string, signature?: ModelSignature): Promise<number>
  ask(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ readonly status: number; readonly json: unknown }>
  /** Resolves when the condition holds; looks again whenever something has changed. */
  until(condition: () => boolean | Promise<boolean>): Promise<void>
  /** Ends the manager and begins another life on the same store. */
  restart(driver?: ControlledDriver): Promise<ServingBed>
}

interface BedOptions {
  readonly driver?: ControlledDriver
  readonly serving?: ManagerOptions['serving']
}

export async function createServingBed(t: TestContext, options: BedOptions = {}): Promise<ServingBed> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-serving-'))
  const bed = await openBed(t, folder, options)
  t.after(() => rm(folder, { recursive: true, force: true }))
  return bed
}

async function openBed(t: TestContext, folder: string, options: BedOptions): Promise<ServingBed> {
  const driver = options.driver ?? createControlledDriver()
  const warnings: string[] = []
  const log: Logger = { debug: quiet, info: quiet, warn: message => warnings.push(message), error: quiet }
  const store = await openStore({ file: join(folder, 'millrace.db') })
  const manager = await createManager({
    store,
    driver,
    log,
    dataFolder: join(folder, 'data'),
    buildInfo: { version: '0.0.0' },
    serving: {
      graces: { swapMs: 0, stopMs: 0 },
      prepare: async ({ modelName }) => ({
        modelFolder: folder,
        runtime: { kind: 'built-in' },
        environment: modelName.startsWith('refused') ? { REFUSE: '1' } : {},
      }),
      ...options.serving,
    },
  })
  const server = await listen(manager)
  let closed: Promise<void> | undefined
  const close = () => {
    closed ??= (async () => {
      await manager.close()
      await server.close()
      await driver.close(0)
      await store.close()
    })()
    return closed
  }
  t.after(close)
  return {
    store,
    driver,
    manager,
    warnings,
    url: server.url,
    async release(modelName, signature = scalerSignature()) {
      const runtime = { name: 'millrace/runtime', tag: '1', sha256: undefined }
      const { id } = await store.modelVersions.create({ modelName, signature, runtime })
      await store.modelVersions.release(id, undefined)
      return id
    },
    async ask(method, path, body) {
      const response = await fetch(`${server.url}${path}`, {
        method,
        ...(body === undefined
          ? {}
          : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      })
      return { status: response.status, json: await response.json() }
    },
    async until(condition) {
      const left = new AbortController()
      const changes = store.changes.follow(await store.changes.lastSequence(), left.signal)
      const next = changes[Symbol.asyncIterator]()
      let change = next.next()
      try {
        for (;;) {
          if (await condition()) return
          const routed = Promise.withResolvers<void>()
          const stop = manager.discovery.onChange(() => routed.resolve())
          // Looked at once more after listening has begun.
          if (await condition()) return
          const isChange = await Promise.race([change.then(() => true), routed.promise.then(() => false)])
          if (isChange) change = next.next()
          stop()
        }
      } finally {
        left.abort()
        await change
      }
    },
    async restart(driver) {
      await close()
      return openBed(t, folder, { ...options, ...(driver === undefined ? {} : { driver }) })
    },
  }
}

function quiet(): void {}

async function listen(manager: Manager) {
  const { createServer } = await import('node:http')
  const server = createServer((request, response) => manager.http.handle(request, response))
  const { promise, resolve } = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', resolve)
  await promise
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  return {
    url: `http://127.0.0.1:${address.port}`,
    async close() {
      server.closeAllConnections()
      await new Promise(done => void server.close(done))
    },
  }
}

export function tensor(
  name: string,
  dims: readonly number[] | null = [],
  dtype = 'DT_DOUBLE',
): SignatureField {
  return { name, dtype, shape: dims === null ? null : { dims }, profile: 'NONE' }
}

export function signature(
  inputs: readonly SignatureField[],
  outputs: readonly SignatureField[],
  signatureName = 'scale',
): ModelSignature {
  return { signatureName, inputs, outputs }
}

export function scalerSignature(): ModelSignature {
  return signature([tensor('xs', [-1, 2])], [tensor('total')])
}

/** The body of a request for an application: stages of variants, each a version's id or an object. */
export function applicationBody(name: string, ...stages: readonly (readonly (number | object)[])[]) {
  return {
    name,
    kafkaStreaming: [],
    executionGraph: {
      stages: stages.map(variants => ({
        modelVariants: variants.map(variant =>
          typeof variant === 'number' ? { modelVersionId: variant, weight: 100 } : variant,
        ),
      })),
    },
  }
}

/** Checks an error by its code, and what it says. */
export function refusal(code: string, message?: RegExp): (error: unknown) => true {
  return error => {
    assert.ok(ServingError.is(error), String(error))
    assert.equal(error.code, code, error.message)
    if (message !== undefined) assert.match(error.message, message)
    return true
  }
}
