import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createSecureServer, type ServerHttp2Session } from 'node:http2'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { Server, ServerCredentials } from '@grpc/grpc-js'
import { createGrpcClient, createRestClient, type TlsOptions } from './index.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-tls-'))
after(() => rmSync(folder, { recursive: true }))
const keyFile = join(folder, 'key.pem')
const certFile = join(folder, 'cert.pem')
let missing = ''
try {
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
      .concat(['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'])
      .concat(['-keyout', keyFile, '-out', certFile]),
    { stdio: 'ignore' },
  )
} catch {
  missing = 'there is no openssl to make a certificate with'
}

const skip = missing === '' ? false : missing
const read = () => ({ key: readFileSync(keyFile), cert: readFileSync(certFile) })

/** What each choice of whom to trust leads to. */
const CHOICES: readonly (readonly [string, () => TlsOptions, boolean])[] = [
  ['trusts the certificate it was given', () => ({ ca: read().cert }), true],
  ['trusts anybody when told to', () => ({ isVerified: false }), true],
  ['trusts nobody it does not know', () => ({}), false],
]

suite('REST over TLS', { skip }, () => {
  for (const [title, tls, isTrusted] of CHOICES) {
    test(title, async t => {
      const server = createServer(read(), (_, response) => response.end('{"outputs":[]}')).listen(
        0,
        '127.0.0.1',
      )
      await once(server, 'listening')
      const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
      const client = createRestClient({ url, tls: tls() })
      t.after(async () => {
        server.closeAllConnections()
        server.close()
        await client.close()
      })
      if (isTrusted) assert.equal(await client.isReady(), true)
      else await assert.rejects(client.isReady(), { code: 'UNAVAILABLE', message: /self-signed/ })
    })
  }
})

suite('gRPC over TLS', { skip }, () => {
  for (const [title, tls, isTrusted] of CHOICES) {
    test(title, async t => {
      const server = new Server()
      const { key, cert } = read()
      const credentials = ServerCredentials.createSsl(null, [{ private_key: key, cert_chain: cert }])
      const port = await new Promise<number>((resolve, reject) => {
        server.bindAsync('127.0.0.1:0', credentials, (error, bound) =>
          error === null ? resolve(bound) : reject(error),
        )
      })
      const client = createGrpcClient({ target: `127.0.0.1:${port}`, tls: tls() })
      t.after(async () => {
        await client.close()
        server.forceShutdown()
      })
      // The server has no methods: to hear that is to have reached it.
      await assert.rejects(client.isReady(), { code: isTrusted ? 'UNIMPLEMENTED' : 'UNAVAILABLE' })
    })
  }

  test('shows who it is to a server that asks', async t => {
    const { key, cert } = read()
    const server = createSecureServer({ key, cert, ca: cert, requestCert: true, rejectUnauthorized: true })
    const sessions: ServerHttp2Session[] = []
    server.on('session', session => sessions.push(session))
    server.on('stream', stream => {
      const trailers = { 'content-type': 'application/grpc', 'grpc-status': '5', 'grpc-message': 'reached' }
      stream.respond(trailers, { endStream: true })
      stream.resume()
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const target = `127.0.0.1:${(server.address() as AddressInfo).port}`
    const known = createGrpcClient({ target, tls: { ca: cert, cert, key } })
    const stranger = createGrpcClient({ target, tls: { ca: cert } })
    t.after(async () => {
      await Promise.all([known.close(), stranger.close()])
      for (const session of sessions) session.destroy()
      server.close()
    })
    await assert.rejects(known.isReady(), { code: 'NOT_FOUND', message: 'reached' })
    await assert.rejects(stranger.isReady(), { code: 'UNAVAILABLE', message: /^No connection established/ })
  })

  test('refuses credentials that are none, or half', async () => {
    const target = '127.0.0.1:1'
    const isReady = (tls: TlsOptions) => createGrpcClient({ target, tls }).isReady()
    await assert.rejects(isReady({ cert: read().cert }), {
      code: 'INVALID_ARGUMENT',
      message: 'tls has one of cert and key; a client that proves who it is needs both',
    })
    await assert.rejects(isReady({ cert: 'a', key: 'b' }), { message: /^tls options cannot be used: / })
  })
})
