import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { Command, Option } from 'commander'
import { CommandFailure } from '../command-failure.ts'
import { EXIT } from '../exit-codes.ts'
import { seconds } from '../flag-values.ts'
import { CONNECTION_TEXT, type ConnectionFlags, withConnection } from './connection-flags.ts'

interface PredictFlags extends ConnectionFlags {
  readonly data: string
  readonly servable?: boolean
  readonly timeout: number
}

const TIMEOUT_S = 60
const MAX_SECONDS = 86_400

/** `millrace predict APP`. */
export function predictCommand(): Command {
  const command = new Command('predict')
    .summary('ask an application, or one servable, for a prediction')
    .description(
      'Ask an application for a prediction, through the gateway of its platform: an object with a value, or nested lists ' +
        'of values, for each input goes in, and one with the outputs comes back.',
    )
    .argument('<name>', 'the application; with --servable, the servable')
    .addOption(
      new Option(
        '-d, --data <json>',
        'the inputs as JSON, @FILE for what a file holds, or - for standard input',
      ).makeOptionMandatory(),
    )
    .option('--servable', 'ask this servable alone, whatever applications it is in')
    .addOption(
      new Option('--timeout <seconds>', 'how long it may take')
        .default(TIMEOUT_S)
        .argParser(seconds(MAX_SECONDS, false)),
    )
  return withConnection(command)
    .addHelpText(
      'after',
      `${CONNECTION_TEXT}
Examples:
  millrace predict scaler-app --data '{"xs": [[1, 2], [3, 4]]}'
  millrace predict scaler-app --data @request.json
  echo '{"xs": [[1, 2]]}' | millrace predict scaler-app --data -
  millrace predict scaler-1-quiet-river --servable --data @request.json`,
    )
    .action(async (name: string, flags: PredictFlags) => {
      const json = await inputs(flags.data)
      const { withManager } = await import('./with-manager.ts')
      await withManager(flags, async manager => {
        const target = flags.servable === true ? { servable: name } : { application: name }
        const answer = await manager.predict(target, json, { timeoutMs: flags.timeout * 1000 })
        process.stdout.write(`${answer.trimEnd()}\n`)
      })
    })
}

/** The text as it was given, so that long numbers keep their digits. */
async function inputs(data: string): Promise<string> {
  const origin = data === '-' ? 'standard input' : data.startsWith('@') ? data.slice(1) : '--data'
  const json =
    data === '-' ? await text(process.stdin) : data.startsWith('@') ? await readFile(origin, 'utf8') : data
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new CommandFailure(`${origin} is not JSON: ${reason}`, EXIT.usage, error)
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return json
  throw new CommandFailure(`${origin} is no JSON object; expected one such as {"xs": [[1, 2]]}`, EXIT.usage)
}
