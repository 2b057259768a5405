/**
 * Who may import whom. `check-walls.ts` reads this page; a new room, package or library with a home is added here first.
 * Paths are relative to the root of the repository.
 */

/** A package, or a folder of packages that keep the same rules. */
export interface Unit {
  /** `packages/sdk`, or `runtimes/*` for every folder in there. */
  readonly folder: string
  /** What others write to import it, `*` standing for the same as in `folder`; without a name nobody may. */
  readonly name?: string
  /** The only ways in: `.` is `index.ts`, `./protocol` is `protocol/index.ts`. */
  readonly entries?: readonly string[]
  /** Packages of this repository that it may import, by their entries. */
  readonly packages: readonly string[]
  /** Whether those imports must be `import type`. */
  readonly typesOnly?: true
  /** Rooms from the top down: each may import those above it. `doors/*` is one room a folder, and none sees the other. */
  readonly rooms?: readonly string[]
  /** Files beside the rooms, which wire them together and may import them all. */
  readonly wiring?: readonly string[]
  /** Rooms that may import less than the order would let them. */
  readonly narrow?: Readonly<Record<string, NarrowRoom>>
  /** Packages that only these rooms may import. */
  readonly packageHomes?: Readonly<Record<string, readonly string[]>>
}

/** What one room may import, in place of every room above it. */
export interface NarrowRoom {
  readonly rooms: readonly string[]
  /** Rooms of which it may import types, and nothing that runs. */
  readonly typesOf?: readonly string[]
  /** Packages of which it may import only the names that this file exports. */
  readonly onlyNamesOf?: Readonly<Record<string, string>>
}

/** The product: nothing in here is reached by a path from outside. */
export const UNITS: readonly Unit[] = [
  {
    folder: 'packages/sdk',
    name: '@millrace/sdk',
    entries: ['.', './client', './process', './protocol', './testing'],
    packages: [],
    rooms: ['errors', 'tensor', 'contract', 'codecs', 'model', 'protocol', 'client', 'process', 'testing'],
    wiring: ['index.ts'],
    narrow: { protocol: { rooms: ['errors', 'tensor', 'contract'], typesOf: ['model'] } },
  },
  {
    folder: 'packages/server',
    name: '@millrace/server',
    entries: ['.'],
    packages: ['@millrace/sdk'],
    rooms: [
      'base',
      'metrics',
      'transport',
      'access',
      'tracing',
      'repository',
      'batching',
      'workers',
      'lifecycle',
      'cache',
      'dataplane',
      'doors/*',
    ],
    wiring: ['serve.ts', 'listeners.ts', 'model-wiring.ts', 'mesh-wiring.ts', 'worker-wiring.ts', 'index.ts'],
    narrow: {
      transport: { rooms: ['base'], onlyNamesOf: { '@millrace/sdk': 'packages/sdk/errors/index.ts' } },
    },
  },
  {
    folder: 'packages/platform',
    name: 'millrace',
    entries: [],
    packages: ['@millrace/sdk', '@millrace/server'],
    rooms: ['store', 'resources', 'manifests', 'images', 'deploy', 'manager', 'gateway', 'monitoring', 'cli'],
    narrow: { gateway: { rooms: ['store', 'resources', 'images', 'deploy'] } },
    packageHomes: { '@millrace/server': ['cli'] },
  },
  {
    folder: 'packages/ui',
    packages: ['@millrace/sdk', 'millrace'],
    typesOnly: true,
  },
  // What scores trees is a library that two runtimes share, and no runtime itself.
  {
    folder: 'runtimes/*',
    name: '@millrace/*',
    entries: ['.'],
    packages: ['@millrace/sdk', '@millrace/trees'],
  },
  { folder: 'examples', packages: ['@millrace/*'] },
]

/** Tooling: it imports packages by name like anybody else, and its own folders by path. */
export const TOOLING: readonly string[] = ['bench', 'conformance', 'scripts']

/** Tooling that writes pages from the source, and so may look into every room. */
export const SOURCE_READERS: readonly string[] = ['scripts']

/** Programs: nobody imports them, and tooling may find them by path to start them. */
export const PROGRAMS: readonly string[] = ['packages/platform/cli/main.ts']

/** Libraries of which neither a value nor a type may leave the rooms they are named for. Tests and tooling may use them. */
export const LIBRARY_HOMES: readonly {
  readonly libraries: readonly string[]
  readonly homes: readonly string[]
}[] = [
  { libraries: ['node:http', 'node:https'], homes: ['packages/server/transport'] },
  // Unary calls of gRPC are HTTP/2 streams at both ends.
  { libraries: ['node:http2'], homes: ['packages/server/transport', 'packages/sdk/client'] },
  { libraries: ['@platformatic/kafka'], homes: ['packages/server/doors/kafka'] },
  { libraries: ['@grpc/grpc-js'], homes: ['packages/sdk/client'] },
  { libraries: ['kysely', 'pg', 'node:sqlite'], homes: ['packages/platform/store'] },
  { libraries: ['csv-parse'], homes: ['packages/platform/monitoring'] },
  { libraries: ['yaml'], homes: ['packages/platform/resources', 'packages/platform/manifests'] },
  { libraries: ['fastify'], homes: ['packages/platform/manager', 'packages/platform/monitoring'] },
  { libraries: ['@fastify/multipart', '@fastify/swagger'], homes: ['packages/platform/manager'] },
]

/** Libraries for tests and tooling alone. */
export const TEST_LIBRARIES: readonly string[] = ['@grpc/proto-loader', 'fast-check']

/**
 * Tests and what only tests use: `x-fixture.ts`, `x-bed.ts`, all under `test/`. They may look into every room of their
 * own package, and no further. `tsconfig.build.json` leaves the same files out of what is published.
 */
export const TEST_FILE = /\.test\.ts$|-(bed|fixture)\.ts$|(^|\/)test\//

/** Not part of the source: built, generated, or copied into a user's folder as it is. */
export const NOT_SOURCE: readonly string[] = ['**/node_modules', '**/dist', 'packages/platform/cli/templates']

/** Every rule by name, with the sentence that a break of it shows. */
export const RULES = {
  'public-entry': 'a package is imported by its name and its public entries only',
  'package-order':
    'packages import only what lies to their left: sdk, server, platform; and sdk, trees, runtimes',
  'package-home':
    'the control plane reaches a server through the SDK; only the rooms that wire may import it',
  'types-only': 'this package may only `import type` from other packages',
  'known-room':
    'a source file lies in a room that conformance/walls/rules.ts lists, or is one of the wiring files',
  'room-order': 'a room imports only rooms above it in its package',
  'room-door': 'a room is entered through its index.ts only',
  'rooms-apart': 'rooms that stand side by side never import each other',
  'narrow-room': 'this room may import less than the rooms above it',
  'library-home': 'this library, its types included, stays in its room',
  'test-library': 'this library is for tests, conformance and bench only',
  'no-cycle': 'files never import each other in a circle',
} as const

export type RuleName = keyof typeof RULES
