import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { EXIT } from '../exit-codes.ts'
import { runCommand, testFolder } from '../test-command.ts'
import { startManager } from './manager-fixture.ts'

test('clusters are kept where the other command keeps them', async t => {
  const [manager, folder] = await Promise.all([startManager(t), testFolder(t)])
  const run = (...args: readonly string[]) => runCommand(t, args, { env: { HOME: folder } })
  const out = async (...args: readonly string[]) => {
    const { exitCode, stdout, stderr } = await run(...args)
    assert.deepEqual([exitCode, stderr], [EXIT.ok, ''], args.join(' '))
    return stdout
  }
  assert.equal(await out('cluster'), 'no current cluster\n')
  assert.equal(
    await out('cluster', 'add', 'here', '--server', manager.url),
    `here added\ncurrent cluster: here (${manager.url})\n`,
  )
  assert.equal(
    await out('cluster', 'add', '--name', 'there', '--server', 'http://127.0.0.1:3'),
    'there added\n',
  )
  assert.match(await out('get', 'runtimes'), /acme\/echo/)
  assert.equal((await run('get', 'runtimes', '--cluster', 'there')).exitCode, EXIT.request)
  assert.equal(await out('cluster', 'use', 'there'), 'there is the current cluster\n')
  assert.match(
    await out('cluster', 'list'),
    /^NAME +SERVER\nhere +http\S+\nthere +http:\/\/127\.0\.0\.1:3 +current\n$/,
  )
  const { stderr } = await run('get', 'runtimes')
  assert.match(stderr, /http:\/\/127\.0\.0\.1:3 \(cluster there of .*\.hs\/config\.yaml\) cannot be reached/)
  const text = await readFile(join(folder, '.hs/config.yaml'), 'utf8')
  assert.match(text, /^current_cluster: there\nclusters:\n {2}- name: here\n {4}cluster:\n {6}server: http/)
  assert.equal(await out('cluster', 'rm', 'there'), `there removed\ncurrent cluster: here (${manager.url})\n`)
})

test('MILLRACE_CONFIG names another file', async t => {
  const folder = await testFolder(t)
  const env = { HOME: folder, MILLRACE_CONFIG: join(folder, 'mine.yaml') }
  const added = await runCommand(t, ['cluster', 'add', 'a', '--server', 'http://a'], { env })
  assert.equal(added.exitCode, EXIT.ok)
  assert.match(await readFile(join(folder, 'mine.yaml'), 'utf8'), /current_cluster: a/)
})
