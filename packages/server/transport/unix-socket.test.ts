import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, statSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { listenOnSocket } from './unix-socket.ts'

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'socket-'))
  t.after(() => rm(folder, { recursive: true }))
  return folder
}

function serverOf(t: TestContext): Server {
  const server = createServer(socket => socket.end())
  t.after(() => server.close())
  return server
}

test('the file has its permissions, and goes with the server', async t => {
  const path = join(await folderOf(t), 's')
  const umask = process.umask()
  for (const mode of [0o600, 0o660, 0o666]) {
    const server = serverOf(t)
    await listenOnSocket(server, { path, mode })
    assert.equal(statSync(path).mode & 0o777, mode)
    const socket = connect(path)
    await once(socket, 'connect')
    socket.destroy()
    server.close()
    await once(server, 'close')
    assert.equal(existsSync(path), false)
  }
  assert.equal(process.umask(), umask)
})

test('takes the place of a socket whose process was killed, and not of one that is listened on', async t => {
  const path = join(await folderOf(t), 's')
  const code = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => console.log('listens'))`
  const other = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => other.kill('SIGKILL'))
  await once(other.stdout, 'data')
  await assert.rejects(listenOnSocket(serverOf(t), { path, mode: 0o600 }), { code: 'EADDRINUSE' })
  other.kill('SIGKILL')
  await once(other, 'exit')
  assert.equal(existsSync(path), true)
  await listenOnSocket(serverOf(t), { path, mode: 0o600 })
  await assert.rejects(listenOnSocket(serverOf(t), { path, mode: 0o600 }), { code: 'EADDRINUSE' })
})

test('leaves a file alone, and refuses paths that no socket can have', async t => {
  const folder = await folderOf(t)
  const path = join(folder, 'file')
  writeFileSync(path, 'text')
  await assert.rejects(listenOnSocket(serverOf(t), { path, mode: 0o600 }), { code: 'EADDRINUSE' })
  assert.equal(statSync(path).size, 4)
  await assert.rejects(listenOnSocket(serverOf(t), { path: join(folder, 'none', 's'), mode: 0o600 }), {
    code: /ENOENT|EACCES/,
  })
  const long = join(folder, 'x'.repeat(120))
  await assert.rejects(listenOnSocket(serverOf(t), { path: long, mode: 0o600 }), {
    code: 'INVALID_ARGUMENT',
    message: /the path of the socket .* has \d+ bytes; allowed are 107$/,
  })
})
