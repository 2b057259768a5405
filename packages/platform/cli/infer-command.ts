import { Command, Option } from 'commander'
import { CommandFailure } from './command-failure.ts'
import { EXIT } from './exit-codes.ts'
import { headerList, seconds, wholeNumber } from './flag-values.ts'
import type { InferFlags } from './infer/infer-flags.ts'

const VARIABLES = 'MLSERVER_INFER_'
const MAX_WORKERS = 1000
const MAX_BATCH_LINES = 10_000
const MAX_RETRIES = 1000
const MAX_SECONDS = 86_400

/** `millrace infer`: MLServer's batch command with its options and variables, and a few more. */
export function inferCommand(): Command {
  const command = new Command('infer')
    .summary('send every line of a file through a model')
    .description(
      'Send every line of a JSON Lines file, each a request of the Open Inference Protocol, through a model of a ' +
        'running server, and write one line for each answer or failure as they come.',
    )
    .addOption(
      variable('URL', '-u, --url <url>', 'host and port of the server (default: localhost:8080; gRPC: 8081)'),
    )
    .addOption(variable('MODEL_NAME', '-m, --model-name <name>', 'which model to ask').makeOptionMandatory())
    .option('--model-version <version>', "which version of it (default: the server's choice)")
    .addOption(
      variable(
        'INPUT_DATA_PATH',
        '-i, --input-data-path <file>',
        'requests, one a line; - is standard input',
      ).makeOptionMandatory(),
    )
    .addOption(
      variable(
        'OUTPUT_DATA_PATH',
        '-o, --output-data-path <file>',
        'where the answers go; - is standard output',
      ).makeOptionMandatory(),
    )
    .option('--input <file>', 'the same as --input-data-path')
    .option('--output <file>', 'the same as --output-data-path')
    .addOption(
      variable('WORKERS', '-w, --workers <count>', 'calls at the same time')
        .default(10)
        .argParser(wholeNumber(1, MAX_WORKERS)),
    )
    .addOption(
      variable('RETRIES', '-r, --retries <count>', 'how often a failed call is made again, a second apart')
        .default(3)
        .argParser(wholeNumber(0, MAX_RETRIES)),
    )
    .addOption(
      variable('BATCH_SIZE', '-s, --batch-size <lines>', 'lines that may share a call')
        .default(1)
        .argParser(wholeNumber(1, MAX_BATCH_LINES)),
    )
    .option('-b, --binary-data', 'send tensors as bytes behind the JSON; gRPC always does')
    .option('-v, --verbose', 'tell of every failed call')
    .option('--extra-verbose', 'tell of every call; the same as -vv')
    .addOption(
      variable('TRANSPORT', '-t, --transport <protocol>', 'how to speak to the server')
        .choices(['rest', 'grpc'])
        .default('rest'),
    )
    .addOption(
      variable('REQUEST_HEADERS', '-H, --request-headers <header>', "a header 'Name: value'; may be repeated")
        .default({}, 'none')
        .argParser(headerList),
    )
    .addOption(
      variable('CONNECTION_TIMEOUT', '--timeout <seconds>', 'how long a call may take')
        .default(60)
        .argParser(seconds(MAX_SECONDS, false)),
    )
    .addOption(
      variable('BATCH_INTERVAL', '--batch-interval <seconds>', 'pause of a worker between calls')
        .default(0)
        .argParser(seconds(MAX_SECONDS, true)),
    )
    .addOption(
      variable('BATCH_JITTER', '--batch-jitter <seconds>', 'up to so much more, at random')
        .default(0)
        .argParser(seconds(MAX_SECONDS, true)),
    )
    .option('--use-ssl', 'speak TLS')
    .option('--insecure', 'with TLS, do not check who the server is')
    .option('--resume', 'go on where an earlier run ended: lines that the output file has are skipped')
    .addHelpText(
      'after',
      `
Each option above but --model-version, --input, --output and --resume may come from a variable: MLSERVER_INFER_ and the
name of its long flag, such as MLSERVER_INFER_WORKERS; that of --timeout is MLSERVER_INFER_CONNECTION_TIMEOUT.

Examples:
  millrace infer -m iris -i requests.jsonl -o answers.jsonl
  millrace infer -m iris -i requests.jsonl -o answers.jsonl --resume          go on after an interruption
  millrace infer -m iris -i big.jsonl -o out.jsonl -s 32 -w 4 -t grpc -u localhost:8081
  zcat big.jsonl.gz | millrace infer -m iris --input - --output - | gzip > out.jsonl.gz`,
    )
  let verbosity = 0
  command
    .on('option:verbose', () => void verbosity++)
    .on('option:input', (path: string) => void command.setOptionValueWithSource('inputDataPath', path, 'cli'))
    .on(
      'option:output',
      (path: string) => void command.setOptionValueWithSource('outputDataPath', path, 'cli'),
    )
    .action(async (flags: Flags) => {
      const { runInfer } = await import('./infer/run-infer.ts')
      await runInfer({
        ...flags,
        binaryData: flags.binaryData ?? isSet('BINARY_DATA'),
        verbose: flags.verbose ?? isSet('VERBOSE'),
        extraVerbose: verbosity > 1 || (flags.extraVerbose ?? isSet('EXTRA_VERBOSE')),
        useSsl: flags.useSsl ?? isSet('USE_SSL'),
        insecure: flags.insecure ?? isSet('INSECURE'),
        resume: flags.resume ?? false,
      })
    })
  return command
}

type Switches = 'binaryData' | 'verbose' | 'extraVerbose' | 'useSsl' | 'insecure' | 'resume'

/** As commander has them: a switch that was not given is absent. */
type Flags = Omit<InferFlags, Switches> & { readonly [name in Switches]?: true }

function variable(name: string, flags: string, description: string): Option {
  return new Option(flags, description).env(`${VARIABLES}${name}`)
}

/** A switch in the environment; commander would take any text for true, `false` included. */
function isSet(name: string): boolean {
  const text = process.env[`${VARIABLES}${name}`] ?? ''
  if (/^(1|true|t|yes|y|on)$/i.test(text)) return true
  if (/^(0|false|f|no|n|off|)$/i.test(text)) return false
  throw new CommandFailure(`${VARIABLES}${name} is '${text}'; allowed is true or false`, EXIT.usage)
}
