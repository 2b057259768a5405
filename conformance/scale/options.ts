import { parseArgs } from 'node:util'
import { integer } from '../fuzz/options.ts'

const PARTS = ['saturation', 'hits', 'misses', 'restart'] as const
export type Part = (typeof PARTS)[number]

export interface Options {
  readonly seconds: number
  /** Registered, of which `budgetModels` fit into the memory for models. */
  readonly models: number
  readonly budgetModels: number
  readonly seed: number
  readonly parts: readonly Part[]
}

export const HELP = `Registers many more models than there is memory for with a real server, and looks at how it keeps them.

  npm run scale -- [--seconds 180] [--models 10000] [--budget-models 200] [--seed N] [--only saturation|hits|misses|restart]

  --seconds N        how long the load on all models goes on, from 5 to 86400; default 180. A short form is 15.
                     Requests to loaded models take a third of it, and at most a minute
  --models N         registered models, from 100 to 90000; default 10000. A short form is 2000
  --budget-models N  models that fit into the memory at once, from 40 to 10000, and fewer than there are; default 200
  --seed N           an integer from 0 to 4294967295; the same seed asks the same models. Default: another one each time
  --only PART        one part in place of all four
  --help             prints this

Everything goes to 127.0.0.1. The last line is "N passed, N failed"; the exit code is 1 when something failed, 2 for wrong arguments.
Figures of time are printed with the targets they belong to, and fail nothing: they say as much of the machine as of the server.
`

/** What the command line says, or `undefined` where it asks for help. @throws RangeError, or TypeError for an unknown option */
export function readOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string' },
      models: { type: 'string' },
      'budget-models': { type: 'string' },
      seed: { type: 'string' },
      only: { type: 'string' },
      help: { type: 'boolean' },
    },
  })
  if (values.help === true) return undefined
  const models = integer('--models', values.models, 100, 90_000) ?? 10_000
  // More connections ask at once than models fit, otherwise: each of them would have to wait for room.
  const most = Math.min(models - 1, 10_000)
  const budgetModels = integer('--budget-models', values['budget-models'], 40, most) ?? Math.min(200, most)
  return {
    seconds: integer('--seconds', values.seconds, 5, 86_400) ?? 180,
    models,
    budgetModels,
    seed: integer('--seed', values.seed, 0, 2 ** 32 - 1) ?? Date.now() % 2 ** 32,
    parts: values.only === undefined ? PARTS : [partOf(values.only)],
  }
}

function partOf(text: string): Part {
  const part = PARTS.find(name => name === text)
  if (part !== undefined) return part
  throw new RangeError(`--only is '${text}'; it must be one of ${PARTS.join(', ')}`)
}
