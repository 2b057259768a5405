/** Exit codes of the `millrace` command; `docs/reference/cli.md` lists them. */
export const EXIT = {
  ok: 0,
  /** A defect of ours: please report it. */
  unexpected: 1,
  /** Wrong words on the command line. */
  usage: 2,
  /** A folder, settings file or variable that cannot be used. */
  configuration: 3,
  /** A port that cannot be listened on. */
  listen: 4,
  /** A model that could not be loaded at start-up. */
  modelLoad: 5,
  /** Requests to a server that failed, or a server that cannot be asked. */
  request: 6,
  /** A build that failed, or an application that did. */
  failed: 7,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]
