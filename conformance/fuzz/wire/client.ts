import type { FuzzInput } from '../inputs/fuzz-input.ts'
import { GrpcSender } from './grpc-sender.ts'
import type { Outcome } from './outcome.ts'
import { sendRaw } from './raw-sender.ts'
import { RestSender } from './rest-sender.ts'

/** The server's ports. */
export interface Ports {
  readonly rest: number
  readonly grpc: number
  readonly metrics: number
}

const RECENT_INPUTS = 4

/** One client: a connection for REST and one for gRPC, opened when they are needed. */
export class Client {
  readonly #ports: Ports
  readonly #rest: RestSender
  readonly #grpc: GrpcSender

  #recent: readonly FuzzInput[] = []

  constructor(ports: Ports) {
    this.#ports = ports
    this.#rest = new RestSender(ports.rest)
    this.#grpc = new GrpcSender(ports.grpc)
  }

  /** What this client sent last, oldest first: what one request leaves behind on a connection may hurt the next. */
  get recent(): readonly FuzzInput[] {
    return this.#recent
  }

  send(input: FuzzInput): Promise<Outcome> {
    this.#recent = [...this.#recent, input].slice(-RECENT_INPUTS)
    if (input.kind === 'rest') return this.#rest.send(input)
    return input.kind === 'grpc' ? this.#grpc.send(input) : sendRaw(input, this.#ports[input.port])
  }

  close(): void {
    this.#rest.close()
    this.#grpc.close()
  }
}
