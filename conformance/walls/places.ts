import { posix } from 'node:path'
import { TEST_FILE, TOOLING, UNITS, type Unit } from './rules.ts'

/** Where a file stands: which package, which room. */
export interface Place {
  readonly file: string
  /** The package's rules; `undefined` for tooling. */
  readonly unit: Unit | undefined
  /** The package's own folder, such as `runtimes/onnx`. */
  readonly folder: string
  /** Place in the unit's list of rooms, from the top; `undefined` outside every room. */
  readonly roomOrder: number | undefined
  /** The room's folder inside the package, such as `doors/open-inference`. */
  readonly room: string | undefined
  readonly isWiring: boolean
  readonly isTest: boolean
}

/** Finds a file's place; `undefined` for a path outside packages and tooling. */
export function placeOf(file: string): Place | undefined {
  const tooling = TOOLING.find(folder => file.startsWith(`${folder}/`))
  if (tooling !== undefined) return place(file, undefined, tooling)
  for (const unit of UNITS) {
    const folder = matchingFolder(unit.folder, file)
    if (folder !== undefined) return place(file, unit, folder)
  }
  return undefined
}

function place(file: string, unit: Unit | undefined, folder: string): Place {
  const inside = file.slice(folder.length + 1)
  const rooms = unit?.rooms ?? []
  const roomOrder = rooms.findIndex(room => matchingFolder(room, inside) !== undefined)
  return {
    file,
    unit,
    folder,
    roomOrder: roomOrder === -1 ? undefined : roomOrder,
    room: roomOrder === -1 ? undefined : matchingFolder(rooms[roomOrder]!, inside),
    isWiring: unit?.wiring?.includes(inside) === true,
    isTest: TEST_FILE.test(inside),
  }
}

/** The folder of `file` that a pattern such as `doors/*` means, or `undefined` when the file lies elsewhere. */
function matchingFolder(pattern: string, file: string): string | undefined {
  const depth = pattern.split('/').length
  const parts = file.split('/')
  if (parts.length <= depth) return undefined
  const folder = parts.slice(0, depth).join('/')
  return posix.matchesGlob(folder, pattern) ? folder : undefined
}

/** What an import of a package by name points at. */
export interface PackageTarget {
  readonly name: string
  /** The entry's source file, or `undefined` when the package has no such entry. */
  readonly file: string | undefined
}

/** Reads a specifier such as `@millrace/sdk/protocol`; `undefined` when it names no package of this repository. */
export function packageTarget(specifier: string): PackageTarget | undefined {
  const parts = specifier.split('/')
  const nameLength = specifier.startsWith('@') ? 2 : 1
  const name = parts.slice(0, nameLength).join('/')
  const unit = UNITS.find(
    candidate => candidate.name !== undefined && posix.matchesGlob(name, candidate.name),
  )
  if (unit === undefined) return undefined
  const entry = parts.slice(nameLength).join('/')
  if (unit.entries?.includes(entry === '' ? '.' : `./${entry}`) !== true) return { name, file: undefined }
  const folder = unit.folder.replace('*', parts[nameLength - 1]!)
  return { name, file: posix.join(folder, entry, 'index.ts') }
}
