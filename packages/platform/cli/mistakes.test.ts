import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { suite, test } from 'node:test'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { ECHO, FREE_PORTS, modelFiles, runCommand, testFolder } from './test-command.ts'

interface Mistake {
  readonly args: readonly string[]
  readonly files?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
  readonly message: RegExp
  readonly exitCode: ExitCode
}

const SERVE = ['serve', '.', ...FREE_PORTS]

/** Each is told in one line on standard error, and nothing else is there. */
const MISTAKES: Readonly<Record<string, Mistake>> = {
  'an unknown command': {
    args: ['srve'],
    message: /^millrace: unknown command 'srve' \(Did you mean serve\?\); --help shows/,
    exitCode: EXIT.usage,
  },
  'an unknown flag': {
    args: ['serve', '--htp-port', '1'],
    message: /^millrace: unknown option '--htp-port' \(Did you mean --http-port\?\); --help shows/,
    exitCode: EXIT.usage,
  },
  'a flag without its value': {
    args: ['serve', '--http-port'],
    message: /^millrace: option '--http-port <port>' argument missing/,
    exitCode: EXIT.usage,
  },
  'a flag with a wrong value': {
    args: ['serve', '--http-port', 'x'],
    message: /argument 'x' is invalid. It must be a whole number from 0 to 65535/,
    exitCode: EXIT.usage,
  },
  'a flag with a value out of range': {
    args: ['serve', '--grpc-port', '65536'],
    message: /'65536' is invalid. It must be a whole number from 0 to 65535/,
    exitCode: EXIT.usage,
  },
  'a flag with an unknown choice': {
    args: ['serve', '--log-format', 'xml'],
    message: /argument 'xml' is invalid. Allowed choices are text, json/,
    exitCode: EXIT.usage,
  },
  'too many arguments': {
    args: ['serve', 'a', 'b'],
    message: /too many arguments for 'serve'/,
    exitCode: EXIT.usage,
  },
  'a certificate that is missing': {
    args: SERVE,
    files: {
      'settings.json': '{"security": {"tls": {"certificate_file": "tls.crt", "key_file": "tls.key"}}}',
    },
    message: /^millrace: security\.tls\.(certificate|key)_file is ".*tls\.(crt|key)": there is no such file/,
    exitCode: EXIT.configuration,
  },
  'a folder that is missing': {
    args: ['serve', 'nowhere'],
    message: /^millrace: there is no file or folder .*nowhere; name the folder .* millrace init my-model$/m,
    exitCode: EXIT.configuration,
  },
  'a file to develop in': {
    args: ['dev', 'file'],
    files: { file: '' },
    message: /file is a file; name the folder/,
    exitCode: EXIT.configuration,
  },
  'settings.json that is no JSON': {
    args: SERVE,
    files: { 'settings.json': '{"http_port": }' },
    message: /settings\.json, line 1, column 15: expected a value, found "}"/,
    exitCode: EXIT.configuration,
  },
  'settings.json with a wrong type': {
    args: SERVE,
    files: { 'settings.json': '{"debug": "perhaps"}' },
    message: /settings\.json: debug is "perhaps"; allowed is/,
    exitCode: EXIT.configuration,
  },
  'a variable with a wrong type': {
    args: ['serve', '.'],
    env: { MLSERVER_HTTP_PORT: 'eighty' },
    message: /MLSERVER_HTTP_PORT.* "eighty"; allowed is a whole number/,
    exitCode: EXIT.configuration,
  },
  'an address of another machine': {
    args: [...SERVE, '--host', '203.0.113.7'],
    message: /203\.0\.113\.7 is not an address of this machine; check --host/,
    exitCode: EXIT.listen,
  },
  'init without a folder': {
    args: ['init'],
    message: /say which folder to make, for example: millrace init my-model/,
    exitCode: EXIT.usage,
  },
  'init with an unknown template': {
    args: ['init', 'nothing', 'here'],
    message: /template 'nothing' does not exist; there is model/,
    exitCode: EXIT.usage,
  },
  'init with a name that is none': {
    args: ['init', '1 model'],
    message: /'1 model' cannot name a model/,
    exitCode: EXIT.usage,
  },
  'init in a folder that is used': {
    args: ['init', 'used'],
    files: { 'used/file': '' },
    message: /used is not empty; name a new or empty one/,
    exitCode: EXIT.configuration,
  },
  'init in a file': {
    args: ['init', 'file'],
    files: { file: '' },
    message: /file is a file, or lies below one; name a new or empty folder/,
    exitCode: EXIT.configuration,
  },
}

suite('a mistake is told in one line', () => {
  for (const [title, { args, files = {}, env = {}, message, exitCode }] of Object.entries(MISTAKES)) {
    test(title, async t => {
      const ended = await runCommand(t, args, { cwd: await testFolder(t, files), env })
      assert.match(ended.stderr, message)
      assert.match(ended.stderr, /^millrace: [^\n]+\n$/)
      assert.equal(ended.stdout, '')
      assert.equal(ended.exitCode, exitCode)
    })
  }

  for (const flag of ['--http-port', '--grpc-port', '--metrics-port']) {
    test(`a port that is taken: ${flag}`, async t => {
      const other = createServer().listen(0, '127.0.0.1')
      await once(other, 'listening')
      t.after(() => other.close())
      const { port } = other.address() as { port: number }
      const ended = await runCommand(t, ['serve', await testFolder(t), ...FREE_PORTS, flag, String(port)])
      assert.equal(
        ended.stderr,
        `millrace: port 127.0.0.1:${port} is taken by another program; stop it, or choose other ports with --http-port, --grpc-port and --metrics-port\n`,
      )
      assert.equal(ended.exitCode, EXIT.listen)
    })
  }
})

suite('models that fail to load are told in one line each', () => {
  const models: Readonly<Record<string, { files: Readonly<Record<string, string>>; line: RegExp }>> = {
    'settings that are no JSON': {
      files: { 'm/model-settings.json': '{' },
      line: /^ {2}\S*m\/model-settings\.json, line 1, column 2: expected/,
    },
    'settings with a wrong type': {
      files: { 'm/model-settings.json': '{"implementation": 5}' },
      line: /^ {2}\S*m\/model-settings\.json: implementation is 5; allowed is/,
    },
    'settings without an implementation': {
      files: { 'm/model-settings.json': '{}' },
      line: /m\/model-settings\.json: implementation/,
    },
    'a file that is missing': {
      files: { 'm/model-settings.json': '{"implementation": "./no.mjs:M"}' },
      line: /implementation '\.\/no\.mjs:M': there is no file/,
    },
    'an export that is missing': {
      files: modelFiles('m', 'export class Other { predict() {} }'),
      line: /there is no export 'TestModel'; the module exports 'Other'/,
    },
    'code that does not parse': {
      files: modelFiles('m', 'export class {{{'),
      line: /implementation '\.\/model\.mjs:TestModel': cannot be imported: /,
    },
    'code that throws': {
      files: modelFiles('m', "throw new Error('one\\ntwo')"),
      line: /cannot be imported: .*model\.mjs:1: Error: one/,
    },
    'a load that throws several lines': {
      files: modelFiles(
        'm',
        "export class TestModel { load() { throw new TypeError('one\\n  two') } predict() {} }",
      ),
      line: /^ {2}Model m failed to load: one two$/,
    },
  }
  for (const [title, { files, line }] of Object.entries(models)) {
    test(title, async t => {
      const ended = await runCommand(t, SERVE, { cwd: await testFolder(t, files) })
      const [head, first, ...more] = ended.stderr.trimEnd().split('\n')
      assert.equal(head, 'millrace: one model could not be loaded, so the server stopped:')
      assert.match(first!, line)
      assert.deepEqual(more, [])
      assert.doesNotMatch(ended.stdout, /ready|curl/)
      assert.equal(ended.exitCode, EXIT.modelLoad)
    })
  }

  test('several at once, and one that is fine', async t => {
    const files = {
      ...modelFiles('good', `setInterval(() => {}, 1000)\n${ECHO}`),
      ...modelFiles(
        'bad',
        "export class TestModel { load() { throw new Error('no weights') } predict() {} }",
      ),
      ...modelFiles('worse', 'export const TestModel = 5'),
    }
    const ended = await runCommand(t, SERVE, { cwd: await testFolder(t, files) })
    assert.equal(ended.exitCode, EXIT.modelLoad)
    const lines = ended.stderr
      .trimEnd()
      .split('\n')
      .filter(line => !line.includes(' INFO '))
    assert.equal(lines.length, 3)
    assert.equal(lines[0], 'millrace: 2 models could not be loaded, so the server stopped:')
    assert.equal(lines[1], '  Model bad failed to load: no weights')
    assert.match(lines[2]!, /^ {2}worse: .*expected a class/)
  })
})
