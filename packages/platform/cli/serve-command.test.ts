import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { suite, test } from 'node:test'
import { promisify } from 'node:util'
import { ECHO, FREE_PORTS, modelFiles, startCommand, testFolder } from './test-command.ts'

const run = promisify(execFile)

const LENGTHS = `export class TestModel {
  inputs = [{ name: 'it', datatype: 'BYTES', shape: [-1] }]
  predict({ inputs: [input] }) {
    return { outputs: [{ name: 'length', datatype: 'INT32', shape: [input.data.length], data: input.data.toStrings().map(text => text.length) }] }
  }
}`

suite('millrace serve', () => {
  test('prints where it listens, and all three answer', async t => {
    const folder = await testFolder(t, modelFiles('echo', ECHO))
    const command = startCommand(t, ['serve', folder, ...FREE_PORTS])
    const [, rest] = await command.printed(/REST +(http:\/\/127\.0\.0\.1:\d+)\n/)
    const [, grpcPort] = await command.printed(/gRPC +127\.0\.0\.1:(\d+)\n/)
    const [, metrics] = await command.printed(/metrics +(http:\/\/127\.0\.0\.1:\d+\/metrics)\n/)
    await command.printed(/models +echo ready in \d+\.\d s\n/)
    assert.equal((await fetch(`${rest}/v2/health/ready`)).status, 200)
    assert.equal((await fetch(metrics!)).status, 200)
    assert.ok(Number(grpcPort) > 0)
  })

  const lines = {
    'from the contract': { files: {}, lengths: '7' },
    'from the example request': {
      files: {
        'lengths/example-request.json':
          '{ "inputs": [{ "name": "it", "datatype": "BYTES", "shape": [2], "data": ["it\'s", "$HOME \\"x\\""] }] }',
      },
      lengths: '4,9',
    },
    'from the contract, when the example cannot be read': {
      files: { 'lengths/example-request.json': '{' },
      lengths: '7',
    },
  }
  for (const [title, { files, lengths }] of Object.entries(lines)) {
    test(`prints a line to paste that works: ${title}`, async t => {
      const folder = await testFolder(t, {
        ...modelFiles('lengths', LENGTHS),
        ...modelFiles('a-model', ECHO),
        ...files,
      })
      const command = startCommand(t, ['serve', folder, ...FREE_PORTS])
      const [line] = await command.printed(/^curl .*$/m)
      const { stdout } = await run('sh', ['-c', line])
      const { model_name: name, outputs } = JSON.parse(stdout) as {
        model_name: unknown
        outputs: { data: unknown }[]
      }
      assert.equal(name, 'lengths')
      assert.equal(String(outputs[0]?.data), lengths)
    })
  }

  test('serves a folder without models', async t => {
    const command = startCommand(t, ['serve', await testFolder(t), ...FREE_PORTS])
    await command.printed(/models +none yet; load them through the repository API/)
  })

  test('takes settings.json from the folder, below the flags', async t => {
    const folder = await testFolder(t, {
      'settings.json': '{"server_name": "mine", "http_port": 1, "metrics_endpoint": null}',
    })
    const command = startCommand(t, ['serve', folder, ...FREE_PORTS])
    const [, rest] = await command.printed(/REST +(\S+)/)
    await command.printed(/metrics +off/)
    assert.equal(((await (await fetch(`${rest}/v2`)).json()) as { name: unknown }).name, 'mine')
  })

  test('logs JSON lines when told to, on standard error', async t => {
    const folder = await testFolder(t, modelFiles('echo', ECHO))
    const command = startCommand(t, ['serve', folder, ...FREE_PORTS, '--log-format', 'json'])
    const [line] = await command.printed(/^\{.*"loaded".*\}$/m)
    assert.equal((JSON.parse(line) as { model: unknown }).model, 'echo')
    assert.doesNotMatch(command.stdout, /^\{/m)
  })

  test('warns when other machines can reach it', async t => {
    const command = startCommand(t, ['serve', await testFolder(t), ...FREE_PORTS, '--host', '0.0.0.0'])
    await command.printed(/WARN listening on 0\.0\.0\.0 without TLS or authentication/)
    await command.printed(/REST +http:\/\/127\.0\.0\.1:\d+/)
  })
})

suite('millrace serve --print-config', () => {
  test('shows every setting, its value and where it came from, and stops', async t => {
    const folder = await testFolder(t, {
      'settings.json': '{"server_name": "mine", "unheard_of": 1}',
      'elsewhere/.env': 'MLSERVER_GZIP_ENABLED=false\nMLSERVER_HTTP_PORT=5',
    })
    const command = startCommand(t, ['serve', folder, '--grpc-port', '7', '--print-config'], {
      cwd: `${folder}/elsewhere`,
      env: { MLSERVER_HTTP_PORT: '6', MILLRACE_REQUEST_TIMEOUT: '1.5' },
    })
    assert.equal(await command.ended, 0)
    const rows = new Map(
      command.stdout
        .trimEnd()
        .split('\n')
        .map(line => {
          const [name = '', value, ...origin] = line.split(/ {2,}/)
          return [name, [value, origin.join(' ')]]
        }),
    )
    assert.deepEqual(rows.get('server_name'), ['"mine"', 'settings.json'])
    assert.deepEqual(rows.get('grpc_port'), ['7', 'flag --grpc-port'])
    assert.deepEqual(rows.get('http_port'), ['6', 'environment MLSERVER_HTTP_PORT'])
    assert.deepEqual(rows.get('request_timeout'), ['1.5', 'environment MILLRACE_REQUEST_TIMEOUT'])
    assert.deepEqual(rows.get('gzip_enabled'), ['false', '.env MLSERVER_GZIP_ENABLED'])
    assert.deepEqual(rows.get('metrics_port'), ['8082', 'default'])
    assert.match(command.stderr, /unheard_of/)
  })
})
