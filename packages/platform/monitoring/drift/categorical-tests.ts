import { chiSquareTail } from './distributions.ts'

/** How often each category occurs. */
export type CategoryCounts = ReadonlyMap<string, number>

/** More categories than this are compared together, as one. */
const CATEGORIES_MAX = 100

export function countCategories(values: readonly string[]): CategoryCounts {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return counts
}

/** The chi-square test: how likely the difference of the shares is where nothing has changed. */
export function compareCategories(training: CategoryCounts, deployment: CategoryCounts): number {
  const rows = new Map<string, [number, number]>()
  for (const name of new Set([...training.keys(), ...deployment.keys()])) {
    rows.set(name, [training.get(name) ?? 0, deployment.get(name) ?? 0])
  }
  const sorted = [...rows.values()].toSorted(([a, b], [c, d]) => c + d - a - b)
  const rest = sorted.splice(CATEGORIES_MAX)
  if (rest.length > 0) sorted.push([sum(rest.map(([a]) => a)), sum(rest.map(([, b]) => b))])
  const [countA, countB] = [sum(sorted.map(([a]) => a)), sum(sorted.map(([, b]) => b))]
  if (countA === 0 || countB === 0) return 1
  let chiSquare = 0
  for (const [a, b] of sorted) {
    const share = (a + b) / (countA + countB)
    chiSquare += (a - share * countA) ** 2 / (share * countA) + (b - share * countB) ** 2 / (share * countB)
  }
  return chiSquareTail(chiSquare, sorted.length - 1)
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
