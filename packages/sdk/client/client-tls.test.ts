import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
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
})
