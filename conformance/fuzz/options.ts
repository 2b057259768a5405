import { parseArgs } from 'node:util'

export interface Options {
  readonly seconds: number
  readonly seed: number
  readonly replay: string | undefined
}

export const HELP = `Sends malformed requests to a real server over REST, gRPC and bare sockets, and watches its memory.

  npm run fuzz -- [--seconds 60] [--seed N]
  npm run fuzz -- --replay FILE

  --seconds N    how long, from 5 to 86400; default 60
  --seed N       an integer from 0 to 4294967295; the same seed makes the same inputs. Default: another one each time
  --replay FILE  sends the inputs of a finding again, to a new server
  --help         prints this

Everything goes to 127.0.0.1. The last line is "N passed, N failed"; the exit code is 1 when something failed, 2 for wrong arguments.
`

/** What the command line says, or `undefined` where it asks for help. @throws RangeError, or TypeError for an unknown option */
export function readOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string' },
      seed: { type: 'string' },
      replay: { type: 'string' },
      help: { type: 'boolean' },
    },
  })
  if (values.help === true) return undefined
  return {
    seconds: integer('--seconds', values.seconds, 5, 86_400) ?? 60,
    seed: integer('--seed', values.seed, 0, 2 ** 32 - 1) ?? Date.now() % 2 ** 32,
    replay: values.replay,
  }
}

/** An integer from the command line; `undefined` if it says none. @throws RangeError naming the option and what is allowed */
export function integer(
  name: string,
  text: string | undefined,
  min: number,
  max: number,
): number | undefined {
  if (text === undefined) return undefined
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  throw new RangeError(`${name} is '${text}'; it must be an integer from ${min} to ${max}`)
}
