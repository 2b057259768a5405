import type { ModelSignature, SignatureField } from '../../store/index.ts'
import type {
  Discovery,
  RoutedApplication,
  RoutedServable,
  RoutingTable,
  ServableEndpoint,
} from '../discovery.ts'

/** `xs: DT_DOUBLE[-1,2]`, as short as a test wants it: the shape is left out for any. */
export function field(name: string, dtype: string, dims?: readonly number[]): SignatureField {
  return { name, dtype, shape: dims === undefined ? null : { dims }, profile: 'NONE' }
}

export function signature(
  inputs: readonly SignatureField[],
  outputs: readonly SignatureField[],
  signatureName = 'scale',
): ModelSignature {
  return { signatureName, inputs, outputs }
}

let lastVersionId = 0

export function servable(
  name: string,
  modelSignature: ModelSignature,
  endpoints: readonly ServableEndpoint[],
): RoutedServable {
  return {
    name,
    modelName: name.split('-')[0]!,
    modelVersion: 1,
    modelVersionId: ++lastVersionId,
    signature: modelSignature,
    endpoints,
  }
}

let lastApplicationId = 0

/** @param stages of each the servables with their weights */
export function application(
  name: string,
  ...stages: readonly (readonly (readonly [servable: RoutedServable, weight: number])[])[]
): RoutedApplication {
  const first = stages[0]![0]![0].signature
  const last = stages.at(-1)![0]![0].signature
  return {
    id: ++lastApplicationId,
    name,
    signature: { signatureName: name, inputs: first.inputs, outputs: last.outputs },
    stages: stages.map(variants => ({
      variants: variants.map(([servable, weight]) => ({ servable, weight })),
    })),
  }
}

export function table(
  applications: readonly RoutedApplication[],
  servables: readonly RoutedServable[] = [],
): RoutingTable {
  const all = [
    ...applications.flatMap(({ stages }) => stages.flatMap(({ variants }) => variants.map(v => v.servable))),
    ...servables,
  ]
  return {
    applications: new Map(applications.map(application => [application.name, application])),
    servables: new Map(all.map(servable => [servable.name, servable])),
  }
}

/** A discovery that is told what there is. */
export class TestDiscovery implements Discovery {
  readonly #listeners = new Set<() => void>()
  table: RoutingTable

  constructor(first: RoutingTable) {
    this.table = first
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  change(next: RoutingTable): void {
    this.table = next
    for (const listener of this.#listeners) listener()
  }
}
