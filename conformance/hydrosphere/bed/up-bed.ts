import { fileURLToPath } from 'node:url'
import { createGatewayCalls, type GatewayCalls } from './gateway-calls.ts'
import { createManagerCalls, type field, type ManagerCalls, type Upload } from './manager-calls.ts'
import { startUp, type UpOptions, type UpProcess } from './up-process.ts'

/** A `millrace up` of its own, and those who ask it. */
export interface UpBed extends ManagerCalls {
  readonly up: UpProcess
  readonly gateway: GatewayCalls
  /** A JSON body to `/gateway/application/{name}`. */
  readonly ask: (application: string, body: unknown) => Promise<{ status: number; json: GatewayJson }>
  readonly close: () => Promise<void>
}

/** What the gateway says: outputs by name, or `error` and `information`. */
export type GatewayJson = Readonly<Record<string, unknown>>

/** The name under which `registerScripted` makes the scripted runtime known. */
export const SCRIPTED = 'conformance/scripted:1.0'

export async function startBed(options?: UpOptions): Promise<UpBed> {
  const up = await startUp(options)
  return bedOf(up)
}

export function bedOf(up: UpProcess): UpBed {
  const manager = createManagerCalls(up.url)
  const gateway = createGatewayCalls(up.grpc)
  return {
    ...manager,
    up,
    gateway,
    async ask(application, body) {
      const { status, text } = await manager.call('POST', `/gateway/application/${application}`, body)
      return { status, json: parsed(text) }
    },
    async close() {
      gateway.close()
      await up.stop()
    },
  }
}

function parsed(text: string): GatewayJson {
  try {
    return JSON.parse(text) as GatewayJson
  } catch {
    return { text }
  }
}

/** The scripted runtime as a command of this machine. */
export const SCRIPTED_COMMAND: readonly string[] = [
  process.execPath,
  '--conditions=millrace-source',
  fileURLToPath(new URL('./scripted-runtime.ts', import.meta.url)),
]

/** Registers a program under an image's name, as seed 001 registers an image, and waits until that is finished. */
export async function registerProgram(
  bed: ManagerCalls,
  image: string,
  command: readonly string[],
  configParams: Readonly<Record<string, string>> = {},
): Promise<void> {
  const [, name, version] = /^(.+):([^:]+)$/.exec(image)!
  const { id } = await bed.ok<{ id: number }>('POST', '/api/v1/runtime', {
    name,
    version,
    modelTypes: ['string'],
    tags: ['string'],
    configParams: { MILLRACE_COMMAND: JSON.stringify(command), ...configParams },
  })
  for (;;) {
    const record = await bed.ok<{ status: string; statusText?: string }>(
      'GET',
      `/api/v1/runtime/status/${id}`,
    )
    if (record.status === 'Finished') return
    if (record.status === 'Failed') throw new Error(`${image}: ${record.statusText}`)
  }
}

export const registerScripted = (bed: ManagerCalls) => registerProgram(bed, SCRIPTED, SCRIPTED_COMMAND)

/** A model of the scripted runtime with one function; `code` is its `behave.mjs`. */
export function scripted(
  name: string,
  code: string,
  inputs: readonly ReturnType<typeof field>[],
  outputs: readonly ReturnType<typeof field>[],
): Upload {
  return {
    name,
    files: { 'behave.mjs': code },
    runtime: SCRIPTED,
    signature: { signatureName: 'act', inputs, outputs },
  }
}
