import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { EXIT } from '../exit-codes.ts'
import { runCommand, startCommand, testFolder } from '../test-command.ts'
import { startHttp, startModels } from '../test-server-fixture.ts'

const { rest, grpc } = await startModels({ after })
const SHORT = ['--duration', '0.2', '--warmup', '0.05']
const REQUEST = '{"inputs":[{"name":"t","shape":[1],"datatype":"BYTES","data":["a"]}]}'

interface Report {
  readonly protocol: string
  readonly loads: readonly {
    readonly concurrency?: number
    readonly rate?: number
    readonly requests: number
    readonly errors: Readonly<Record<string, number>>
    readonly answers_per_second: number
    readonly latency_ms: Readonly<Record<string, number>> | null
  }[]
}

suite('millrace bench', { concurrency: 2 }, () => {
  for (const [protocol, flags] of [
    ['rest', ['--url', rest, '--concurrency', '1,3']],
    [
      'rest-binary',
      ['--url', `http://${rest}`, '--protocol', 'rest-binary', '--shape', 'x=5,3', '--concurrency', '2'],
    ],
    ['grpc', ['--grpc', grpc, '--concurrency', '4', '--connections', '2']],
    ['rest', ['--url', rest, '--rate', '100', '--seed', '5']],
  ] as const) {
    test(`${protocol}: ${flags.join(' ')}`, async t => {
      const ended = await runCommand(t, ['bench', 'sum', ...SHORT, ...flags, '--output', 'json'])
      assert.equal(ended.exitCode, EXIT.ok, ended.stderr)
      const report = JSON.parse(ended.stdout) as Report
      assert.equal(report.protocol, protocol)
      const levels = flags.at(flags.findIndex(flag => flag === '--rate' || flag === '--concurrency') + 1)
      assert.deepEqual(
        report.loads.map(({ concurrency, rate }) => concurrency ?? rate),
        levels?.split(',').map(Number),
      )
      for (const { requests, errors, latency_ms: latency, answers_per_second: perSecond } of report.loads) {
        assert.deepEqual(errors, {})
        assert.ok(requests > 0 && perSecond > 0)
        assert.ok(latency !== null && latency['p50']! > 0 && latency['p50']! <= latency['max']!)
      }
    })
  }

  test('prints a table, writes CSV, and sends requests of a file with headers', async t => {
    const cwd = await testFolder(t, { 'requests.jsonl': `${REQUEST}\n\n${REQUEST}\n` })
    const flags = [
      '--url',
      rest,
      '--data',
      'requests.jsonl',
      '--header',
      'A: b',
      '--file',
      'out.csv',
      ...SHORT,
    ]
    const ended = await runCommand(t, ['bench', 'echo', ...flags], { cwd })
    assert.equal(ended.exitCode, EXIT.ok, ended.stderr)
    assert.match(
      ended.stdout,
      /^echo over rest at .*; latencies in ms\n\nload +requests +errors +answers\/s .* p99\.9 +max\n1 at a time +\d+ +0 /,
    )
    const csv = await readFile(join(cwd, 'out.csv'), 'utf8')
    assert.match(
      csv,
      /^model,version,protocol,kind,level,.*,p999_ms,max_ms,errors_by_code\necho,,rest,concurrency,1,\d+,0,/,
    )
  })

  test('counts errors by code, and an end without answers is a failure', async t => {
    let calls = 0
    const { address } = await startHttp(t, (_, response) => {
      if (calls++ === 0) response.end('{"outputs":[]}')
      else response.writeHead(503).end('{"error":"full"}')
    })
    const cwd = await testFolder(t, { 'requests.jsonl': REQUEST })
    const flags = ['--url', address, '--data', 'requests.jsonl', '--output', 'json', ...SHORT]
    const ended = await runCommand(t, ['bench', 'm', ...flags], { cwd })
    assert.equal(ended.exitCode, EXIT.request)
    assert.match(ended.stderr, /millrace: no call was answered/)
    const [load] = (JSON.parse(ended.stdout) as Report).loads
    assert.deepEqual(Object.keys(load!.errors), ['UNAVAILABLE'])
    assert.equal(load!.latency_ms, null)
  })

  test('an interruption reports what there is', async t => {
    const flags = ['--url', rest, '--concurrency', '1,2', '--duration', '3600', '--warmup', '0']
    const running = Promise.withResolvers<void>()
    let calls = 0
    const { address } = await startHttp(t, (_, response) => {
      if (++calls === 5) running.resolve()
      response.end('{"outputs":[]}')
    })
    const cwd = await testFolder(t, { 'requests.jsonl': REQUEST })
    const args = ['bench', 'm', ...flags, '--url', address, '--data', 'requests.jsonl']
    const command = startCommand(t, args, { cwd })
    await running.promise
    command.child.kill('SIGINT')
    assert.equal(await command.ended, EXIT.request)
    assert.match(command.stdout, /1 at a time +[1-9]/)
    assert.doesNotMatch(command.stdout, /2 at a time/)
  })
})

suite('what bench refuses', { concurrency: 2 }, () => {
  const refused: readonly (readonly [string, readonly string[], number, RegExp])[] = [
    ['two kinds of load', ['m', '--rate', '1', '--concurrency', '1'], EXIT.usage, /give one of them/],
    ['gRPC at a URL', ['m', '--url', rest, '--protocol', 'grpc'], EXIT.usage, /--protocol grpc needs --grpc/],
    ['a model that is not there', ['nope', '--url', rest], EXIT.request, /Model nope not found/],
    [
      'a model that declares nothing',
      ['echo', '--grpc', grpc],
      EXIT.configuration,
      /echo does not say.*--data FILE/,
    ],
    ['a shape that is none', ['sum', '--shape', 'x'], EXIT.usage, /It must be NAME=EXTENT,EXTENT/],
    [
      'a shape of another rank',
      ['sum', '--url', rest, '--shape', 'x=3'],
      EXIT.usage,
      /the model says \[-1,3\]/,
    ],
    ['a rate of nothing', ['sum', '--rate', '0'], EXIT.usage, /whole number from 1 to 1000000/],
    [
      'a file without requests',
      ['sum', '--url', rest, '--data', 'empty'],
      EXIT.configuration,
      /empty has no requests/,
    ],
    [
      'a file with a line that is none',
      ['sum', '--url', rest, '--data', 'bad'],
      EXIT.configuration,
      /bad, line 2: .*JSON/,
    ],
    [
      'a request the model refuses',
      ['picky', '--url', rest, '--data', 'unlucky'],
      EXIT.request,
      /the first call failed/,
    ],
  ]
  for (const [title, args, exitCode, message] of refused) {
    test(title, async t => {
      const unlucky = '{"inputs":[{"name":"x","shape":[1],"datatype":"INT8","data":[13]}]}'
      const cwd = await testFolder(t, { empty: '\n', bad: `${REQUEST}\n{\n`, unlucky })
      const ended = await runCommand(t, ['bench', ...args], { cwd })
      assert.match(ended.stderr, message)
      assert.match(ended.stderr, /^millrace: [^\n]+\n$/)
      assert.equal(ended.exitCode, exitCode)
    })
  }
})
