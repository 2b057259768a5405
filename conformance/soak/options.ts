import { parseArgs } from 'node:util'
import { integer } from '../fuzz/options.ts'

const PARTS = ['process', 'thread', 'overload'] as const
export type Part = (typeof PARTS)[number]

export interface Options {
  readonly seconds: number
  readonly seed: number
  readonly parts: readonly Part[]
}

export const HELP = `Keeps a real server under mixed load while its workers are ended and its models reloaded, then overloads it.

  npm run soak -- [--seconds 600] [--seed N] [--only process|thread|overload]

  --seconds N   how long the load on worker processes goes on, from 10 to 86400; default 600. A short form is 30.
                Worker threads get a fifth of it, overload takes about a minute
  --seed N      an integer from 0 to 4294967295; the same seed asks the same questions. Default: another one each time
  --only PART   one part in place of all three
  --help        prints this

Everything goes to 127.0.0.1. The last line is "N passed, N failed"; the exit code is 1 when something failed, 2 for wrong arguments.
Figures of time are printed with the targets they belong to, and fail nothing: they say as much of the machine as of the server.
`

/** What the command line says, or `undefined` where it asks for help. @throws RangeError, or TypeError for an unknown option */
export function readOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string' },
      seed: { type: 'string' },
      only: { type: 'string' },
      help: { type: 'boolean' },
    },
  })
  if (values.help === true) return undefined
  return {
    seconds: integer('--seconds', values.seconds, 10, 86_400) ?? 600,
    seed: integer('--seed', values.seed, 0, 2 ** 32 - 1) ?? Date.now() % 2 ** 32,
    parts: values.only === undefined ? PARTS : [partOf(values.only)],
  }
}

function partOf(text: string): Part {
  const part = PARTS.find(name => name === text)
  if (part !== undefined) return part
  throw new RangeError(`--only is '${text}'; it must be one of ${PARTS.join(', ')}`)
}
