/**
 * Finds files that import each other in a circle, given what each file imports. One circle is reported for every
 * knot of files: a shortest one through the knot's first file, beginning and ending with that file.
 */
export function importCycles(graph: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const reachable = new Map([...graph.keys()].map(file => [file, reachableFrom(file, graph)]))
  const done = new Set<string>()
  const cycles: string[][] = []
  for (const file of [...graph.keys()].toSorted()) {
    if (done.has(file) || reachable.get(file)?.has(file) !== true) continue
    cycles.push(shortestCycle(file, graph))
    for (const other of reachable.get(file) ?? []) {
      if (reachable.get(other)?.has(file) === true) done.add(other)
    }
  }
  return cycles
}

function reachableFrom(start: string, graph: ReadonlyMap<string, ReadonlySet<string>>): Set<string> {
  const seen = new Set<string>()
  const open = [start]
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    for (const next of graph.get(file) ?? []) {
      if (seen.has(next)) continue
      seen.add(next)
      open.push(next)
    }
  }
  return seen
}

/** Breadth first, so the first way back is a shortest one. The caller knows that there is one. */
function shortestCycle(start: string, graph: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const cameFrom = new Map<string, string>()
  const open = [start]
  for (const file of open) {
    for (const next of graph.get(file) ?? []) {
      if (next === start) {
        const way = [start]
        for (let step = file; step !== start; step = cameFrom.get(step)!) way.unshift(step)
        return [start, ...way]
      }
      if (cameFrom.has(next)) continue
      cameFrom.set(next, file)
      open.push(next)
    }
  }
  return []
}
