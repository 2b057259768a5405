import type { Shape } from '@millrace/sdk'
import { Command, InvalidArgumentError, Option } from 'commander'
import type { BenchFlags } from './bench/bench-flags.ts'
import { headerList, seconds, wholeNumber } from './flag-values.ts'

const MAX_CONCURRENCY = 10_000
const MAX_RATE = 1_000_000
const MAX_LEVELS = 100
const MAX_SECONDS = 86_400
const MAX_SEED = 2 ** 32 - 1

/** `millrace bench MODEL`. */
export function benchCommand(): Command {
  return new Command('bench')
    .summary('put load on a model and measure how it bears it')
    .description(
      'Put load on a model of a running server and measure throughput and latencies. Requests are made up from what ' +
        'the server says of the model, the same for the same seed, or come from a file.',
    )
    .argument('<model>', 'which model to ask')
    .option('--model-version <version>', "which version of it (default: the server's choice)")
    .option('--url <url>', 'where REST is (default: localhost:8080)')
    .option('--grpc <address>', 'host and port of gRPC (default: localhost:8081), after https:// for TLS')
    .addOption(
      new Option('--protocol <protocol>', 'how to ask (default: rest; grpc if only --grpc is given)').choices(
        ['rest', 'rest-binary', 'grpc'],
      ),
    )
    .option(
      '--concurrency <counts>',
      'closed loop: so many callers, one level after the other (default: 1)',
      levels(MAX_CONCURRENCY),
    )
    .option(
      '--rate <rates>',
      'open loop: so many calls a second, one level after the other',
      levels(MAX_RATE),
    )
    .option('--duration <seconds>', 'how long each level counts', seconds(MAX_SECONDS, false), 10)
    .option('--warmup <seconds>', 'how long each level runs before it counts', seconds(MAX_SECONDS, true), 2)
    .option('--timeout <seconds>', 'how long a call may take', seconds(MAX_SECONDS, false), 60)
    .option(
      '--connections <count>',
      'connections (default: REST one a caller, 128 with --rate; gRPC 1)',
      wholeNumber(1, MAX_CONCURRENCY),
    )
    .addOption(
      new Option('--shape <input=extents>', 'the shape of an input, such as x=8,4; may be repeated')
        .default(new Map(), 'free extents are 1')
        .argParser(shapes),
    )
    .option('--data <file>', 'requests to send in turn: one JSON document, or one a line')
    .option('--seed <number>', 'what made-up values follow from', wholeNumber(0, MAX_SEED), 1)
    .addOption(
      new Option('--header <header>', "a header 'Name: value'; may be repeated")
        .default({}, 'none')
        .argParser(headerList),
    )
    .option('--insecure', 'with https://, do not check who the server is')
    .addOption(new Option('--output <format>', 'how to report').choices(['table', 'json', 'csv']))
    .option(
      '--file <file>',
      'where the report goes, JSON or by its ending CSV; the table is printed all the same',
    )
    .addHelpText(
      'after',
      `
A closed loop finds how much a server can do: each caller waits for its answer. An open loop finds how it feels to users who do
not wait for each other: latencies count from when a call was due, so that a pause of the server is in all that it delayed.
Answers are decoded like those of any program, and the client takes part of a core for itself: on the machine of the server, or
for models that answer in less than a millisecond, the figures are those of both.

Examples:
  millrace bench iris --concurrency 1,4,16
  millrace bench iris --rate 500 --duration 30 --protocol rest-binary
  millrace bench iris --grpc localhost:8081 --shape x=32,4 --file iris.csv
  millrace bench iris --data requests.jsonl --output json`,
    )
    .action(async (model: string, flags: BenchFlags) => {
      const { runBench } = await import('./bench/run-bench.ts')
      await runBench(model, flags)
    })
}

function levels(max: number): (text: string) => readonly number[] {
  const level = wholeNumber(1, max)
  return text => {
    const items = text.split(',')
    if (items.length > MAX_LEVELS)
      throw new InvalidArgumentError(`At most ${MAX_LEVELS} levels are measured.`)
    return items.map(item => level(item.trim()))
  }
}

const SHAPE = /^(.+)=(\d{1,15}(?:,\d{1,15})*)?$/

function shapes(text: string, previous: ReadonlyMap<string, Shape>): ReadonlyMap<string, Shape> {
  const [, name, extents = ''] = SHAPE.exec(text) ?? []
  if (name === undefined) throw new InvalidArgumentError('It must be NAME=EXTENT,EXTENT, such as x=8,4.')
  return new Map(previous).set(name, extents === '' ? [] : extents.split(',').map(Number))
}
