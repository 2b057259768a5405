import { isBuiltin } from 'node:module'
import { posix } from 'node:path'
import type { FileImports, SourceImport } from '../../scripts/source-imports.ts'
import { importCycles } from './import-cycles.ts'
import { type PackageTarget, type Place, packageTarget, placeOf } from './places.ts'
import { LIBRARY_HOMES, PROGRAMS, RULES, type RuleName, SOURCE_READERS, TEST_LIBRARIES } from './rules.ts'

/** One import that breaks a rule. */
export interface WallBreak {
  readonly rule: RuleName
  readonly file: string
  /** From 1; `undefined` where the file as a whole breaks the rule. */
  readonly line: number | undefined
  /** The specifier, or for a circle the files that it runs through. */
  readonly imported: string | undefined
}

/** A break as one line: where, what, and the rule. */
export function describeBreak({ rule, file, line, imported }: WallBreak): string {
  const where = line === undefined ? file : `${file}:${line}`
  return `${where}${imported === undefined ? '' : ` imports ${imported}`}: ${RULES[rule]} (${rule})`
}

/** Holds every import of the given files against `rules.ts`. */
export function checkWalls(files: ReadonlyMap<string, FileImports>): WallBreak[] {
  const breaks: WallBreak[] = []
  for (const [file, { imports }] of files) {
    const place = placeOf(file)
    if (place === undefined) continue
    if (place.unit?.rooms !== undefined && place.room === undefined && !place.isWiring && !place.isTest) {
      breaks.push({ rule: 'known-room', file, line: undefined, imported: undefined })
    }
    for (const item of imports) {
      const rule = brokenRule(place, item, files)
      if (rule !== undefined) breaks.push({ rule, file, line: item.line, imported: item.specifier })
    }
  }
  for (const [file, ...others] of importCycles(runTimeGraph(files))) {
    breaks.push({ rule: 'no-cycle', file: file!, line: undefined, imported: others.join(' → ') })
  }
  return breaks
}

function brokenRule(
  from: Place,
  item: SourceImport,
  files: ReadonlyMap<string, FileImports>,
): RuleName | undefined {
  const path = relativeTarget(item)
  if (path !== undefined) return brokenByPath(from, path, item)
  const target = packageTarget(item.specifier)
  return target === undefined
    ? brokenByLibrary(from, item.specifier)
    : brokenByPackage(from, target, item, files)
}

/** Imports by path: never across packages; inside one, from room to room, downwards. */
function brokenByPath(from: Place, path: string, item: SourceImport): RuleName | undefined {
  const to = placeOf(path)
  if (to?.folder !== from.folder) {
    if (from.unit === undefined && isOpenToTooling(from, to, item)) return undefined
    return 'public-entry'
  }
  if (from.unit?.rooms === undefined || from.isTest || to.room === from.room) return undefined
  if (to.room === undefined || to.roomOrder === undefined) return from.isWiring ? undefined : 'room-order'
  return brokenByRoomOrder(from, to.room, to.roomOrder, item.kind) ?? brokenByDoor(to.folder, to.room, path)
}

function isOpenToTooling({ folder }: Place, to: Place | undefined, { kind }: SourceImport): boolean {
  if (to?.unit === undefined || SOURCE_READERS.includes(folder)) return true
  return kind === 'location' && PROGRAMS.includes(to.file)
}

function brokenByRoomOrder(
  { unit, room, roomOrder }: Place,
  toRoom: string,
  toOrder: number,
  kind: SourceImport['kind'],
): RuleName | undefined {
  if (room === undefined || roomOrder === undefined) return undefined
  if (toOrder === roomOrder) return 'rooms-apart'
  if (toOrder > roomOrder) return 'room-order'
  const narrow = unit?.narrow?.[room]
  if (narrow === undefined || narrow.rooms.includes(toRoom)) return undefined
  return kind === 'type' && narrow.typesOf?.includes(toRoom) === true ? undefined : 'narrow-room'
}

function brokenByDoor(folder: string, room: string, path: string): RuleName | undefined {
  return path === posix.join(folder, room, 'index.ts') ? undefined : 'room-door'
}

/** Imports of another package by its name. */
function brokenByPackage(
  { unit, room, isTest, folder }: Place,
  { name, file }: PackageTarget,
  item: SourceImport,
  files: ReadonlyMap<string, FileImports>,
): RuleName | undefined {
  if (file === undefined) return 'public-entry'
  if (unit === undefined) return undefined
  // A package's own name is for its tests; its source would load itself by another way in.
  if (file.startsWith(`${folder}/`)) return isTest ? undefined : 'public-entry'
  if (!unit.packages.some(pattern => posix.matchesGlob(name, pattern))) return 'package-order'
  if (unit.typesOnly === true && item.kind !== 'type') return 'types-only'
  if (isTest || room === undefined) return undefined
  if (unit.packageHomes?.[name]?.includes(room) === false) return 'package-home'
  const onlyNamesOf = unit.narrow?.[room]?.onlyNamesOf?.[name]
  if (onlyNamesOf === undefined) return undefined
  const allowed = new Set(files.get(onlyNamesOf)?.exportedNames)
  return item.names?.every(imported => allowed.has(imported)) === true ? undefined : 'narrow-room'
}

/** Imports of what npm or Node.js brings. */
function brokenByLibrary({ unit, folder, room, isTest }: Place, specifier: string): RuleName | undefined {
  if (unit === undefined || isTest) return undefined
  const library = isBuiltin(specifier) && !specifier.startsWith('node:') ? `node:${specifier}` : specifier
  const isOneOf = (libraries: readonly string[]) =>
    libraries.some(
      pattern => posix.matchesGlob(library, pattern) || posix.matchesGlob(library, `${pattern}/**`),
    )
  if (isOneOf(TEST_LIBRARIES)) return 'test-library'
  const here = `${folder}/${room ?? ''}`
  return LIBRARY_HOMES.some(({ libraries, homes }) => isOneOf(libraries) && !homes.includes(here))
    ? 'library-home'
    : undefined
}

/** What loads what, types left out: only such circles can meet a module that has not run yet. */
function runTimeGraph(files: ReadonlyMap<string, FileImports>): Map<string, Set<string>> {
  return new Map(
    [...files].map(([file, { imports }]) => [
      file,
      new Set(
        imports
          .filter(({ kind }) => kind === 'static' || kind === 'dynamic')
          .map(item => relativeTarget(item) ?? packageTarget(item.specifier)?.file)
          .filter((target): target is string => target !== undefined && files.has(target)),
      ),
    ]),
  )
}

/** The path that a relative specifier means, from the repository's root; `undefined` for any other specifier. */
function relativeTarget({ file, specifier }: SourceImport): string | undefined {
  return /^\.{1,2}(\/|$)/.test(specifier) ? posix.join(posix.dirname(file), specifier) : undefined
}
