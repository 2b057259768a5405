import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { after, suite, type TestContext, test } from 'node:test'
import { EXIT } from '../exit-codes.ts'
import { runCommand, startCommand, testFolder } from '../test-command.ts'
import { jsonOf, startHttp, startModels } from '../test-server-fixture.ts'

interface OutputLine {
  readonly id: string
  readonly parameters: { readonly batch_index: number; readonly inference_id?: string }
  readonly outputs?: readonly { readonly data: readonly unknown[] }[]
  readonly error?: { readonly status: string; readonly msg: unknown }
}

const row = (last: number, more: object = {}) =>
  JSON.stringify({ inputs: [{ name: 'x', shape: [1, 3], datatype: 'INT32', data: [1, 2, last] }], ...more })
const BAD = '{"inputs":[{"name":"x","shape":[1,3],"data":[1,2,3]}]}'
const SIX = [row(1), row(2), BAD, row(4), row(5), row(6)].join('\n')
const plain = (id: string) => JSON.stringify({ id, inputs: [] })
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

function parse(text: string): OutputLine[] {
  const lines = text
    .trimEnd()
    .split('\n')
    .filter(line => line !== '')
  return lines.map(line => JSON.parse(line) as OutputLine).toSorted(byIndex)
}

function byIndex(left: OutputLine, right: OutputLine): number {
  return left.parameters.batch_index - right.parameters.batch_index
}

async function infer(
  t: TestContext,
  input: string,
  args: readonly string[],
  env: Record<string, string> = {},
) {
  const cwd = await testFolder(t, { 'in.jsonl': input })
  const ended = await runCommand(t, ['infer', '-i', 'in.jsonl', '-o', 'out.jsonl', ...args], { cwd, env })
  return { ...ended, cwd, lines: parse(await readFile(join(cwd, 'out.jsonl'), 'utf8').catch(() => '')) }
}

const { rest, grpc } = await startModels({ after })

suite('millrace infer', { concurrency: 2 }, () => {
  for (const workers of ['1', '2', '5', '6']) {
    test(`one bad line among six, ${workers} workers`, async t => {
      const { exitCode, lines, stderr, stdout } = await infer(t, SIX, [
        '-u',
        rest,
        '-m',
        'sum',
        '-w',
        workers,
      ])
      assert.equal(exitCode, EXIT.request)
      assert.equal(stdout, '')
      assert.match(
        stderr,
        /^done: 5 answered, 1 failed in .* lines\/s\nmillrace: 1 of 6 lines failed; out\.jsonl says why/,
      )
      assert.deepEqual(
        lines.map(({ parameters, outputs }) => [parameters.batch_index, outputs?.[0]?.data]),
        [
          [0, [4]],
          [1, [5]],
          [2, undefined],
          [3, [7]],
          [4, [8]],
          [5, [9]],
        ],
      )
      for (const { id, parameters, error } of lines) {
        if (error === undefined) assert.match(id, UUID)
        assert.equal(parameters.inference_id, id)
      }
      assert.deepEqual(lines[2], {
        parameters: { batch_index: 2 },
        error: {
          status: 'preprocessing error',
          msg: [
            {
              type: 'missing',
              loc: ['inputs', 0, 'datatype'],
              msg: 'Field required',
              input: { name: 'x', shape: [1, 3], data: [1, 2, 3] },
            },
          ],
        },
      })
    })
  }

  for (const transport of [
    ['-t', 'rest'],
    ['-t', 'rest', '-b'],
    ['-t', 'grpc'],
  ]) {
    test(`three lines share a call, ${transport.join(' ')}`, async t => {
      const input = [row(1, { id: 'mine' }), row(2), row(3), row(4), row(5), row(6)].join('\n')
      const address = transport.includes('grpc') ? grpc : rest
      const { exitCode, lines } = await infer(t, input, ['-u', address, '-m', 'sum', '-s', '3', ...transport])
      assert.equal(exitCode, EXIT.ok)
      assert.deepEqual(
        lines.map(({ outputs }) => outputs?.[0]?.data),
        [[4], [5], [6], [7], [8], [9]],
      )
      const ids = lines.map(({ parameters }) => parameters.inference_id)
      assert.equal(new Set(ids).size, 2)
      assert.deepEqual([ids[0], ids[3]], [ids[2], ids[5]])
      assert.equal(lines[0]!.id, 'mine')
      assert.equal(new Set(lines.map(({ id }) => id)).size, 6)
    })
  }

  test('an id that is given is kept, text comes back as text, settings come from variables', async t => {
    const data = ['a', 'é"', 'c']
    const input = JSON.stringify({
      id: 'my id',
      inputs: [{ name: 't', shape: [3], datatype: 'BYTES', data }],
    })
    const cwd = await testFolder(t, { 'in.jsonl': `${input}\n` })
    const { exitCode, stdout } = await runCommand(t, ['infer'], {
      cwd,
      env: {
        MLSERVER_INFER_URL: rest,
        MLSERVER_INFER_MODEL_NAME: 'echo',
        MLSERVER_INFER_INPUT_DATA_PATH: 'in.jsonl',
        MLSERVER_INFER_OUTPUT_DATA_PATH: '-',
        MLSERVER_INFER_WORKERS: '1',
        MLSERVER_INFER_BINARY_DATA: 'true',
        MLSERVER_INFER_INSECURE: 'false',
        MLSERVER_INFER_REQUEST_HEADERS: 'x-a:1 x-b:2',
        MLSERVER_INFER_CONNECTION_TIMEOUT: '5',
      },
    })
    assert.equal(exitCode, EXIT.ok)
    const [line] = parse(stdout)
    assert.deepEqual([line!.id, line!.parameters.inference_id], ['my id', 'my id'])
    assert.deepEqual(line!.outputs?.[0]?.data, data)
  })

  test('one line that the model cannot take does not spoil those it shares a call with', async t => {
    const args = ['-u', rest, '-m', 'picky', '-s', '6', '--retries', '0', '-v']
    const { exitCode, lines, stderr } = await infer(t, [row(1), row(13), row(3)].join('\n'), args)
    assert.equal(exitCode, EXIT.request)
    assert.deepEqual(
      lines.map(({ outputs }) => outputs?.[0]?.data),
      [[1, 2, 1], undefined, [1, 2, 3]],
    )
    assert.equal(lines[1]!.error?.status, 'inference error')
    assert.equal(typeof lines[1]!.error?.msg, 'string')
    assert.match(stderr, /3 lines from 0 failed together, so they go one by one/)
  })

  test('an answer that cannot be divided makes lines go alone', async t => {
    const { exitCode, lines, stderr } = await infer(t, `${row(1)}\n${row(2)}`, [
      '-u',
      rest,
      '-m',
      'one',
      '-s',
      '2',
      '-vv',
    ])
    assert.equal(exitCode, EXIT.ok)
    assert.deepEqual(
      lines.map(({ outputs }) => outputs?.[0]?.data),
      [[1], [1]],
    )
    assert.match(stderr, /asking for lines 0, 1\n[^]*other rows than it was sent/)
  })

  test('headers of the caller and of the call, from a pipe to a pipe', async t => {
    const seen: unknown[] = []
    const { address } = await startHttp(t, (http, response) => {
      void jsonOf(http).then(({ id }) => {
        seen.push([http.headers['a'], http.headers['seldon-puid'], http.headers['x-request-id'], id])
        response.end('{"model_name":"m","outputs":[]}')
      })
    })
    const command = startCommand(
      t,
      ['infer', '-m', 'm', '-u', address, '-H', 'A: b c', '--input', '-', '--output', '-'],
      {
        input: plain('r1'),
      },
    )
    assert.equal(await command.ended, EXIT.ok)
    assert.deepEqual(seen, [['b c', 'r1', 'r1', 'r1']])
    assert.deepEqual(parse(command.stdout)[0]?.parameters, { batch_index: 0, inference_id: 'r1' })
  })

  test('a server that does not answer in time', async t => {
    const { address } = await startHttp(t, () => {})
    const args = ['-u', address, '-m', 'm', '--timeout', '0.1', '--retries', '0']
    const { exitCode, lines } = await infer(t, plain('1'), args)
    assert.equal(exitCode, EXIT.request)
    assert.deepEqual(lines[0]?.error, {
      status: 'inference error',
      msg: 'the server did not answer within 100 ms',
    })
  })

  test('a server that dies midway, and a run that goes on when it is back', async t => {
    let answers = 0
    const { address, stop } = await startHttp(t, (_, response) => {
      if (++answers > 2) return stop()
      response.end('{"model_name":"m","outputs":[]}')
    })
    const input = Array.from({ length: 5 }, (_, index) => plain(String(index))).join('\n')
    const first = await infer(t, input, ['-u', address, '-m', 'm', '-w', '1', '--retries', '0'])
    assert.equal(first.exitCode, EXIT.request)
    assert.deepEqual(
      first.lines.map(({ error }) => error?.status),
      [undefined, undefined, 'inference error', 'inference error', 'inference error'],
    )
    // As after a power cut, the last line is not whole.
    const output = join(first.cwd, 'out.jsonl')
    await writeFile(output, `${await readFile(output, 'utf8')}{"model_na`)

    const asked: string[] = []
    const other = await startHttp(t, (http, response) => {
      void jsonOf(http).then(({ id }) => {
        asked.push(id)
        response.end('{"model_name":"m","outputs":[]}')
      })
    })
    const args = ['infer', '-i', 'in.jsonl', '-o', 'out.jsonl', '-u', other.address, '-m', 'm', '--resume']
    const second = await runCommand(t, args, { cwd: first.cwd })
    assert.equal(second.exitCode, EXIT.ok)
    assert.match(second.stderr, /done: 3 answered, 0 failed, 2 skipped/)
    assert.deepEqual(asked.toSorted(), ['2', '3', '4'])
    const lines = parse(await readFile(output, 'utf8'))
    assert.deepEqual(
      lines.map(({ parameters, error }) => [parameters.batch_index, error]),
      [
        [0, undefined],
        [1, undefined],
        [2, undefined],
        [3, undefined],
        [4, undefined],
      ],
    )
  })

  test('an interruption lets calls finish, loses nothing, and is gone on from', async t => {
    const held = Promise.withResolvers<ServerResponse>()
    const asked: string[] = []
    let isHolding = true
    const { address } = await startHttp(t, (http, response) => {
      void jsonOf(http).then(({ id }) => {
        asked.push(id)
        if (isHolding && id === '2') held.resolve(response)
        else response.end('{"model_name":"m","outputs":[]}')
      })
    })
    const count = 200
    const input = Array.from({ length: count }, (_, index) => plain(String(index))).join('\n')
    const cwd = await testFolder(t, { 'in.jsonl': input })
    const args = ['infer', '-i', 'in.jsonl', '-o', 'out.jsonl', '-u', address, '-m', 'm', '-w', '1']
    const command = startCommand(t, args, { cwd })
    const response = await held.promise
    command.child.kill('SIGINT')
    await command.printed(/stopping: calls that run may finish/)
    response.end('{"model_name":"m","outputs":[]}')
    assert.equal(await command.ended, EXIT.request)
    assert.match(
      command.stderr,
      /millrace: interrupted before the last line; run the same command with --resume/,
    )
    const before = parse(await readFile(join(cwd, 'out.jsonl'), 'utf8'))
    assert.deepEqual(
      before.map(({ id }) => id),
      ['0', '1', '2'],
    )

    isHolding = false
    const again = await runCommand(t, [...args, '--resume'], { cwd })
    assert.equal(again.exitCode, EXIT.ok)
    assert.equal(asked.length, count)
    const final = parse(await readFile(join(cwd, 'out.jsonl'), 'utf8'))
    assert.deepEqual(
      final.map(({ id }) => Number(id)),
      Array.from({ length: count }, (_, index) => index),
    )
  })

  test('a reader that goes away ends it', async t => {
    const { address } = await startHttp(t, (_, response) => void response.end('{"outputs":[]}'))
    const cwd = await testFolder(t, { 'in.jsonl': `${plain('x'.repeat(900))}\n`.repeat(3000) })
    const command = startCommand(
      t,
      ['infer', '-m', 'm', '-u', address, '--input', 'in.jsonl', '--output', '-'],
      { cwd },
    )
    await once(command.child.stdout!, 'data')
    command.child.stdout!.destroy()
    assert.equal(await command.ended, EXIT.configuration)
    assert.match(command.stderr, /millrace: standard output cannot be written: EPIPE/)
  })
})

suite('what infer refuses', { concurrency: 2 }, () => {
  const refused: readonly (readonly [string, readonly string[], number, RegExp])[] = [
    ['no model', ['-i', 'a', '-o', 'b'], EXIT.usage, /option '-m, --model-name <name>' not specified/],
    [
      'a file that is missing',
      ['-m', 'm', '-i', 'no', '-o', 'b'],
      EXIT.configuration,
      /input no cannot be read: ENOENT/,
    ],
    ['a folder', ['-m', 'm', '-i', '.', '-o', 'b'], EXIT.configuration, /input \. is a folder/],
    ['the input as output', ['-m', 'm', '-i', 'in', '-o', './in'], EXIT.usage, /in is the input/],
    [
      'to go on in a pipe',
      ['-m', 'm', '-i', 'in', '-o', '-', '--resume'],
      EXIT.usage,
      /--resume needs an output file/,
    ],
    [
      'a file of others',
      ['-m', 'm', '-i', 'in', '-o', 'b', '--resume'],
      EXIT.configuration,
      /b, line 1 is not from this command/,
    ],
    [
      'a header that is none',
      ['-m', 'm', '-i', 'in', '-o', 'c', '-H', 'x'],
      EXIT.usage,
      /It must be 'Name: value'/,
    ],
    ['no workers', ['-m', 'm', '-i', 'in', '-o', 'c', '-w', '0'], EXIT.usage, /whole number from 1 to 1000/],
    [
      'an address that is none',
      ['-m', 'm', '-i', 'in', '-o', 'c', '-u', 'a b'],
      EXIT.usage,
      /address 'a b': url is/,
    ],
  ]
  for (const [title, args, exitCode, message] of refused) {
    test(title, async t => {
      const cwd = await testFolder(t, { in: `${plain('1')}\n`, b: 'one\ntwo\n' })
      const ended = await runCommand(t, ['infer', ...args], { cwd })
      assert.match(ended.stderr, message)
      assert.match(ended.stderr, /^millrace: [^\n]+\n$/)
      assert.equal(ended.exitCode, exitCode)
      assert.equal(await readFile(join(cwd, 'b'), 'utf8'), 'one\ntwo\n')
    })
  }
})
