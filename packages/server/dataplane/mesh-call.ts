import type { Call } from './call.ts'
import type { CheckedHeaders } from './cloud-events.ts'

/** A call as a model sees it that a mesh has routed: without what was meant for the mesh, and with the model's own id. */
export class MeshCall implements Call {
  readonly #call: Call
  readonly #id: string
  #headers: Call['headers'] | undefined

  constructor(call: Call, id: string) {
    this.#call = call
    this.#id = id
  }

  get headers(): Call['headers'] {
    this.#headers ??= routedHeaders(this.#call.headers, this.#id)
    return this.#headers
  }

  // A getter, because listeners make a signal only for those who ask.
  get signal(): AbortSignal {
    return this.#call.signal
  }

  get deadlineMs(): number {
    return this.#call.deadlineMs
  }

  setHeader(name: string, value: string): void {
    this.#call.setHeader(name, value)
  }

  addHeaders(headers: CheckedHeaders): void {
    this.#call.addHeaders?.(headers)
  }
}

const HOP = /^(?:mm-|grpc-)|^(?:content-type|user-agent|tas-model-id)$/

function routedHeaders(headers: Call['headers'], id: string): Call['headers'] {
  // Without a prototype: a caller chooses the names.
  const routed = Object.create(null) as { [name: string]: string }
  for (const [name, value] of Object.entries(headers)) if (!HOP.test(name)) routed[name] = value
  routed['mm-model-id-bin'] = Buffer.from(id).toString('base64')
  if (/^[!-~]+$/.test(id)) routed['mm-model-id'] = id
  return routed
}
