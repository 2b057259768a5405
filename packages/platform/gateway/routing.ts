import { isDeepStrictEqual } from 'node:util'
import { type ApplicationTarget, applicationTarget } from './application-target.ts'
import type { FigureTable } from './call-figures.ts'
import type { Discovery, RoutedServable } from './discovery.ts'
import { createEndpointPool, type EndpointPool } from './endpoint-pool.ts'
import type { GatewayLimits } from './gateway-limits.ts'
import { compileJsonInputs, type JsonInputs } from './json/json-inputs.ts'
import type { ServableDemand } from './servable-demand.ts'
import { compileSignature, type ServableTarget } from './servable-target.ts'
import { readSignatureSide } from './signature-side.ts'

/** A target with what makes its inputs from JSON. */
export interface RoutedTarget<T> {
  readonly target: T
  readonly readJson: JsonInputs
}

/** The routing table, ready to be used. Every member reads the newest. */
export interface Routing {
  readonly applications: ReadonlyMap<string, RoutedTarget<ApplicationTarget>>
  readonly servables: ReadonlyMap<string, RoutedTarget<ServableTarget>>
  applicationById(id: number): RoutedTarget<ApplicationTarget> | undefined
  /** Called when the table has changed; returns how to stop that. */
  onChange(listener: () => void): () => void
  /** Follows the table no more, and closes connections behind their calls. Idempotent. */
  close(): Promise<void>
}

/** Follows a discovery; what did not change between two tables is kept, connections above all. */
export function createRouting(
  discovery: Discovery,
  limits: GatewayLimits,
  figures: FigureTable,
  demand: ServableDemand | null,
): Routing {
  return new FollowedRouting(discovery, limits, figures, demand)
}

class FollowedRouting implements Routing {
  readonly #discovery: Discovery
  readonly #limits: GatewayLimits
  readonly #figures: FigureTable
  readonly #demand: ServableDemand | null
  readonly #listeners = new Set<() => void>()
  readonly #stop: () => void
  readonly #closing = new Set<Promise<void>>()
  #pools = new Map<string, EndpointPool>()
  #targets = new Map<string, RoutedTarget<ServableTarget>>()
  #byId = new Map<number, RoutedTarget<ApplicationTarget>>()
  applications = new Map<string, RoutedTarget<ApplicationTarget>>()
  servables = new Map<string, RoutedTarget<ServableTarget>>()

  constructor(
    discovery: Discovery,
    limits: GatewayLimits,
    figures: FigureTable,
    demand: ServableDemand | null,
  ) {
    this.#discovery = discovery
    this.#limits = limits
    this.#figures = figures
    this.#demand = demand
    this.#stop = discovery.onChange(() => this.#update())
    this.#update()
  }

  applicationById(id: number): RoutedTarget<ApplicationTarget> | undefined {
    return this.#byId.get(id)
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async close(): Promise<void> {
    this.#stop()
    for (const pool of this.#pools.values()) this.#retire(pool)
    this.#pools = new Map()
    await Promise.all(this.#closing)
  }

  #update(): void {
    const { table } = this.#discovery
    const known = new Map(table.servables)
    for (const { stages } of table.applications.values()) {
      for (const { servable } of stages.flatMap(stage => stage.variants)) {
        if (!known.has(servable.name)) known.set(servable.name, servable)
      }
    }
    this.#targets = new Map(Array.from(known, ([name, servable]) => [name, this.#servable(servable)]))
    for (const [name, pool] of this.#pools) {
      if (known.has(name)) continue
      this.#pools.delete(name)
      this.#retire(pool)
    }
    this.servables = new Map(Array.from(table.servables.keys(), name => [name, this.#targets.get(name)!]))
    this.applications = new Map(
      Array.from(table.applications, ([name, application]) => {
        const variants = application.stages.map(stage =>
          stage.variants.map(({ servable }) => this.#targets.get(servable.name)!.target),
        )
        const { signature } = application
        const side = readSignatureSide(signature.inputs, 'input', `application '${name}'`)
        return [
          name,
          {
            target: applicationTarget(application, variants, this.#figures),
            readJson: compileJsonInputs(signature.signatureName, side),
          },
        ]
      }),
    )
    this.#byId = new Map(
      Array.from(this.applications.values(), routed => [routed.target.application.id, routed]),
    )
    this.#figures.prune()
    for (const listener of this.#listeners) listener()
  }

  #servable(servable: RoutedServable): RoutedTarget<ServableTarget> {
    const { name, signature, endpoints, modelName } = servable
    let pool = this.#pools.get(name)
    if (pool === undefined) {
      pool = createEndpointPool(name, modelName, this.#limits)
      this.#pools.set(name, pool)
    }
    pool.update(endpoints)
    const figures = this.#figures.of(name)
    const before = this.#targets.get(name)
    if (before !== undefined && isDeepStrictEqual(before.target.servable.signature, signature)) {
      return { ...before, target: { ...before.target, servable, pool, figures } }
    }
    const compiled = compileSignature(servable)
    return {
      target: { servable, signature: compiled, pool, figures, demand: this.#demand },
      readJson: compileJsonInputs(signature.signatureName, compiled.inputs),
    }
  }

  #retire(pool: EndpointPool): void {
    const closing: Promise<void> = pool.close().finally(() => this.#closing.delete(closing))
    this.#closing.add(closing)
  }
}
