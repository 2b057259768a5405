import type { Server } from '../target/target.ts'

/** A model of a launched server: a probe under a folder, with other settings than its own. */
export interface PlacedModel {
  /** The folder below the repository, such as `sum/v2`; `.` is the repository itself. */
  readonly folder: string
  /** A folder of `repositories/…`, such as `sum-model`. */
  readonly probe: string
  /** Replaces members of the probe's `model-settings.json`; `undefined` takes one out. */
  readonly settings?: Readonly<Record<string, unknown>>
}

export interface LaunchOptions {
  readonly models?: readonly PlacedModel[]
  /** Members of `settings.json`; ports are chosen unless they are among them. */
  readonly settings?: Readonly<Record<string, unknown>>
  /** Environment variables of the process, under MLServer's names. */
  readonly environment?: Readonly<Record<string, string>>
  /** Further files of the repository, by path. */
  readonly files?: Readonly<Record<string, string>>
  /** When the promise resolves: the server is ready (default), or it only answers `live`, or the process has started. */
  readonly waitFor?: 'ready' | 'live' | 'process'
}

/** A server process over a repository of its own. */
export interface LaunchedServer extends Server {
  /** The repository; also the working directory. */
  readonly folder: string
  /** Adds or replaces a model in the repository; the server is not told. */
  place(model: PlacedModel): Promise<void>
  kill(signal: NodeJS.Signals): void
  /** The exit code, or the signal that ended it. */
  readonly exited: Promise<number | string>
  /** All it has written so far, standard output and error. */
  readonly log: () => string
  /** Ends it, however it is, and removes the repository. */
  dispose(): Promise<void>
}

/** How one kind of server is started. */
export interface Launcher {
  readonly name: 'millrace' | 'mlserver'
  launch(options: LaunchOptions): Promise<LaunchedServer>
  /** Writes models into a repository, for a server that somebody else starts. */
  writeRepository(folder: string, models: readonly PlacedModel[]): Promise<void>
  /** Runs the command line to its end. */
  command(args: readonly string[]): Promise<{ exitCode: number | string; output: string }>
  /** The text of `implementation` that names a probe's class from the probe's own folder. */
  implementation(probe: string): Promise<string>
}

/** Launches, hands the server to `use`, and disposes of it. */
export async function withServer(
  { launcher }: { readonly launcher: Launcher | null },
  options: LaunchOptions,
  use: (server: LaunchedServer) => Promise<void>,
): Promise<void> {
  if (launcher === null) throw new Error('this check starts servers, and there is no launcher')
  const server = await launcher.launch(options)
  try {
    await use(server)
  } finally {
    await server.dispose()
  }
}
