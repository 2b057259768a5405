import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { EXIT } from '../exit-codes.ts'
import { runCommand, testFolder } from '../test-command.ts'
import { startManager } from './manager-fixture.ts'

suite('mistakes', () => {
  const cases: readonly [args: readonly string[], exitCode: number, message: RegExp][] = [
    [['get', 'pods'], EXIT.usage, /It must be one of models, versions, applications, servables/],
    [['get', 'model', 'gone'], EXIT.request, /there is no model gone; millrace get models shows/],
    [['get', 'versions', 'gone'], EXIT.request, /there is no model gone/],
    [['get', 'versions', 'a:b'], EXIT.usage, /'a:b' is no version of a model; write it as NAME:VERSION/],
    [['get', 'runtime', 'gone'], EXIT.request, /there is no runtime gone/],
    [['describe', 'application', 'gone'], EXIT.request, /Application with name gone is not found/],
    [['delete', 'version', 'scaler:1'], EXIT.usage, /It must be one of models, applications/],
    [['delete', 'servable', 'gone'], EXIT.request, /Servable gone is not found/],
    [['logs'], EXIT.usage, /name a servable, or with --build a version/],
    [['logs', 'a', '--build', 'a:1'], EXIT.usage, /name a servable, or with --build/],
    [['logs', 'gone'], EXIT.request, /Servable gone is not found/],
    [['predict', 'missing', '--data', '{}'], EXIT.request, /Can't find application with the name missing/],
    [['predict', 'a', '--data', '[1]'], EXIT.usage, /--data is no JSON object/],
    [['predict', 'a', '--data', '@gone.json'], EXIT.configuration, /gone\.json cannot be used: ENOENT/],
    [
      ['get', 'models', '--cluster', 'gone'],
      EXIT.configuration,
      /--cluster gone is no cluster of .*config\.yaml, which has none; add it/,
    ],
    [['cluster', 'add', 'a'], EXIT.usage, /say where it is/],
    [['cluster', 'add', 'a', '--server', 'x'], EXIT.usage, /--server 'x' is no address/],
    [['cluster', 'use', 'a'], EXIT.configuration, /there is no cluster a: there are none/],
    [['cluster', 'rm'], EXIT.usage, /name the cluster/],
  ]
  for (const [args, expected, message] of cases) {
    test(args.join(' '), async t => {
      const [manager, folder] = await Promise.all([startManager(t), testFolder(t)])
      const env = { MILLRACE_SERVER: manager.url, HOME: folder }
      const { exitCode, stdout, stderr } = await runCommand(t, args, { cwd: folder, env })
      assert.match(stderr, message)
      assert.deepEqual([exitCode, stdout], [expected, ''])
      assert.match(stderr, /^millrace: [^\n]+\n$/)
    })
  }
})
