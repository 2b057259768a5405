import { isDeepStrictEqual } from 'node:util'
import type { Resource } from './resource.ts'

/** One field that is not what it was. */
export interface ResourceChange {
  /** `contract.inputs[0].dtype` */
  readonly path: string
  /** `undefined` where there was nothing. */
  readonly before: unknown
  /** `undefined` where there is nothing any more. */
  readonly after: unknown
}

/** Where something was written is no part of it. */
const PLACES = new Set(['source', 'place'])

/**
 * The fields in which two resources differ, in the order of the second. Lists are compared item by item; fields of a contract and
 * other lists of named things, by name.
 */
export function diffResources(before: Resource, after: Resource): readonly ResourceChange[] {
  const changes: ResourceChange[] = []
  compare(before, after, '', changes)
  return changes
}

function compare(before: unknown, after: unknown, path: string, changes: ResourceChange[]): void {
  if (isDeepStrictEqual(before, after)) return
  const [left, right] = [membersOf(before), membersOf(after)]
  if (left === undefined || right === undefined) {
    changes.push({ path, before, after })
    return
  }
  const isList = Array.isArray(after)
  for (const name of new Set([...right.keys(), ...left.keys()])) {
    if (PLACES.has(name)) continue
    const step = isList ? `[${name}]` : path === '' ? name : `.${name}`
    compare(left.get(name), right.get(name), path + step, changes)
  }
}

/** The members of an object, and the items of a list by name or place; `undefined` for what is one value. */
function membersOf(value: unknown): ReadonlyMap<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (!Array.isArray(value)) return new Map(Object.entries(value))
  const items: readonly unknown[] = value
  const names = items.map(nameOf)
  const isNamed = names.every(name => name !== undefined) && new Set(names).size === names.length
  return new Map(items.map((item, index) => [isNamed ? names[index]! : String(index), item]))
}

function nameOf(item: unknown): string | undefined {
  if (typeof item !== 'object' || item === null) return undefined
  if ('name' in item && typeof item.name === 'string') return item.name
  return 'pattern' in item && typeof item.pattern === 'string' ? item.pattern : undefined
}
