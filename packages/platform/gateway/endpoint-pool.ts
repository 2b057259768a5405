import { ServingError } from '@millrace/sdk'
import { isNeverSent } from '@millrace/sdk/client'
import type { HydrosphereValue } from '@millrace/sdk/protocol'
import type { ServableEndpoint } from './discovery.ts'
import { createEndpointClient, type EndpointCall, type EndpointClient } from './endpoint-client.ts'
import { GatewayFailure, servableFailure } from './gateway-failure.ts'
import type { GatewayLimits } from './gateway-limits.ts'

/** The endpoints of one servable, as they come and go. */
export interface EndpointPool {
  /**
   * Asks the endpoint that has least to do; of equals each in turn. One that cannot be connected to is left out for a
   * moment, and another is asked in its place; a request that may have reached an endpoint is never sent again.
   * @throws GatewayFailure with the endpoint's code and message, or UNAVAILABLE where there is no endpoint
   */
  predict(inputs: readonly HydrosphereValue[], call: EndpointCall): Promise<readonly HydrosphereValue[]>
  /** Connections to endpoints that have gone are closed behind their running calls. */
  update(endpoints: readonly ServableEndpoint[]): void
  readonly endpointCount: number
  /**
   * Keeps the endpoints for a request that has yet to ask them, also when the servable goes in the meantime.
   * @returns lets go of them
   */
  hold(): () => void
  /** Closes the connections behind those who hold them. Idempotent. */
  close(): Promise<void>
}

interface Endpoint {
  readonly id: string
  readonly address: string
  readonly client: EndpointClient
  runningCount: number
  /** Left out until then, in milliseconds of `performance.now()`. */
  leftOutUntilMs: number
  isGone: boolean
}

type PoolLimits = Pick<GatewayLimits, 'maxConnectionsPerEndpoint' | 'maxResponseBytes' | 'leaveOutMs'>

/** @param modelName what an endpoint of V2 calls its model when it does not say */
export function createEndpointPool(
  servableName: string,
  modelName: string,
  limits: PoolLimits,
): EndpointPool {
  return new Pool(servableName, modelName, limits)
}

class Pool implements EndpointPool {
  readonly #servableName: string
  readonly #modelName: string
  readonly #limits: PoolLimits
  readonly #closing = new Set<Promise<void>>()
  #endpoints: readonly Endpoint[] = []
  #turn = 0
  #holdersCount = 0
  readonly #unheld = Promise.withResolvers<void>()
  #isRetired = false

  constructor(servableName: string, modelName: string, limits: PoolLimits) {
    this.#servableName = servableName
    this.#modelName = modelName
    this.#limits = limits
  }

  get endpointCount(): number {
    return this.#endpoints.length
  }

  async predict(
    inputs: readonly HydrosphereValue[],
    call: EndpointCall,
  ): Promise<readonly HydrosphereValue[]> {
    let tried: Set<string> | undefined
    let refusal: GatewayFailure | undefined
    this.#holdersCount++
    try {
      for (;;) {
        const endpoint = this.#choose(tried)
        if (endpoint === undefined) throw refusal ?? this.#nobody()
        endpoint.runningCount++
        try {
          return await endpoint.client.predict(inputs, call)
        } catch (error) {
          refusal =
            error instanceof GatewayFailure
              ? error
              : servableFailure(ServingError.from(error, `servable ${this.#servableName} failed`))
          if (!isNeverSent(error)) throw refusal
          endpoint.leftOutUntilMs = performance.now() + this.#limits.leaveOutMs
          tried ??= new Set()
          tried.add(endpoint.id)
          if (call.figures !== undefined && tried.size < this.endpointCount) call.figures.retryCount++
        } finally {
          endpoint.runningCount--
          if (endpoint.isGone) this.#closeIdle(endpoint)
        }
      }
    } finally {
      this.#letGo()
    }
  }

  hold(): () => void {
    this.#holdersCount++
    return () => this.#letGo()
  }

  #letGo(): void {
    if (--this.#holdersCount === 0 && this.#isRetired) this.#unheld.resolve()
  }

  update(endpoints: readonly ServableEndpoint[]): void {
    const present = new Map(this.#endpoints.map(endpoint => [endpoint.id, endpoint]))
    this.#endpoints = endpoints.map(endpoint => {
      const known = present.get(endpoint.id)
      if (known?.address !== endpoint.address) return this.#open(endpoint)
      present.delete(endpoint.id)
      return known
    })
    for (const gone of present.values()) {
      gone.isGone = true
      this.#closeIdle(gone)
    }
  }

  async close(): Promise<void> {
    this.#isRetired = true
    if (this.#holdersCount > 0) await this.#unheld.promise
    this.update([])
    await Promise.all(this.#closing)
  }

  /** Those that are left out come last, the one that may come back first before the others. */
  #choose(tried: ReadonlySet<string> | undefined): Endpoint | undefined {
    const count = this.#endpoints.length
    if (count === 1 && tried === undefined) return this.#endpoints[0]
    const nowMs = performance.now()
    const start = this.#turn++
    let best: Endpoint | undefined
    for (let offset = 0; offset < count; offset++) {
      const endpoint = this.#endpoints[(start + offset) % count]!
      if (tried?.has(endpoint.id) === true) continue
      if (best === undefined || isBetter(endpoint, best, nowMs)) best = endpoint
    }
    return best
  }

  #open({ ...endpoint }: ServableEndpoint): Endpoint {
    const { id, address } = endpoint
    const client = createEndpointClient(endpoint, {
      maxConnections: this.#limits.maxConnectionsPerEndpoint,
      maxResponseBytes: this.#limits.maxResponseBytes,
      modelName: this.#modelName,
    })
    return { id, address, client, runningCount: 0, leftOutUntilMs: 0, isGone: false }
  }

  /** Closing would end calls that wait for their connection, so those are waited for. */
  #closeIdle({ client, runningCount }: Endpoint): void {
    if (runningCount > 0) return
    // Nobody could do anything about connections that do not close; they end with their endpoint.
    const closing: Promise<void> = client
      .close()
      .catch(() => undefined)
      .finally(() => this.#closing.delete(closing))
    this.#closing.add(closing)
  }

  #nobody(): GatewayFailure {
    return new GatewayFailure(
      'InternalUncaught',
      'UNAVAILABLE',
      `servable ${this.#servableName} has no running replica`,
      { httpStatus: 503, retryAfterMs: 1000 },
    )
  }
}

function isBetter(endpoint: Endpoint, best: Endpoint, nowMs: number): boolean {
  const isLeftOut = endpoint.leftOutUntilMs > nowMs
  if (isLeftOut !== best.leftOutUntilMs > nowMs) return !isLeftOut
  if (isLeftOut) return endpoint.leftOutUntilMs < best.leftOutUntilMs
  return endpoint.runningCount < best.runningCount
}
