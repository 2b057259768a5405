import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose'
import { createLogger, type JwtSettings } from '../base/index.ts'
import { openTokens } from './tokens.ts'

const ISSUER = 'https://issuer.example'
const AUDIENCE = 'millrace'

const pair = await generateKeyPair('RS256')
const other = await generateKeyPair('RS256')
const publicKey = { ...(await exportJWK(pair.publicKey)), kid: 'one', alg: 'RS256', use: 'sig' }
const JWKS = JSON.stringify({ keys: [publicKey] })

interface Claims {
  readonly issuer?: string
  readonly audience?: string
  readonly expires?: string | number
  readonly notBefore?: string | number
  readonly subject?: string | undefined
  readonly scope?: unknown
  readonly kid?: string
  readonly key?: typeof pair.privateKey
}

async function tokenOf(claims: Claims = {}): Promise<string> {
  const { subject = 'alice', scope = 'infer' } = claims
  const token = new SignJWT({ scope })
    .setProtectedHeader({ alg: 'RS256', kid: claims.kid ?? 'one' })
    .setIssuer(claims.issuer ?? ISSUER)
    .setAudience(claims.audience ?? AUDIENCE)
  if (subject !== '') token.setSubject(subject)
  if (claims.expires !== '') token.setExpirationTime(claims.expires ?? '1h')
  if (claims.notBefore !== undefined) token.setNotBefore(claims.notBefore)
  return token.sign(claims.key ?? pair.privateKey)
}

/** A verifier whose key set is in a file, and what it logs. */
async function verifier(t: TestContext, overrides: Partial<JwtSettings> = {}, now?: () => number) {
  const folder = await mkdtemp(join(tmpdir(), 'tokens-'))
  const path = join(folder, 'jwks.json')
  await writeFile(path, JWKS)
  const log: string[] = []
  const tokens = await openTokens(
    {
      field: 'security.jwt',
      issuer: ISSUER,
      audience: AUDIENCE,
      jwksFile: overrides.jwksUrl === undefined ? path : undefined,
      jwksUrl: undefined,
      algorithms: ['RS256', 'ES256'],
      scopeClaim: 'scope',
      clockToleranceSeconds: 5,
      ...overrides,
    },
    createLogger({ isStructured: true, level: 'debug', write: line => void log.push(line) }),
    now,
  )
  t.after(async () => {
    tokens.close()
    await rm(folder, { recursive: true })
  })
  return {
    verify: async (token: string) => tokens.verify(token),
    /** True for a token that needs no verification. */
    isRemembered: (token: string) => {
      const verified = tokens.verify(token)
      if (!(verified instanceof Promise)) return true
      verified.catch(() => {})
      return false
    },
    path,
    log,
  }
}

/** So many seconds from now, as tokens count. */
function seconds(offset: number): number {
  return Math.floor(Date.now() / 1000) + offset
}

/** A part of a token. */
function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

async function startIssuer(t: TestContext, answer: RequestListener): Promise<string> {
  const server = createServer(answer)
  server.listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`
}

test('a good token says who its caller is and what it may do', async t => {
  const { verify } = await verifier(t)
  assert.deepEqual(await verify(await tokenOf()), { name: 'token alice', scopes: new Set(['infer']) })
  const scopes: [scope: unknown, expected: readonly string[]][] = [
    ['openid admin  infer', ['infer', 'admin']],
    [['admin', 7], ['admin']],
    ['inference administrator', []],
    [{ infer: true }, []],
  ]
  for (const [scope, expected] of scopes) {
    assert.deepEqual((await verify(await tokenOf({ scope }))).scopes, new Set(expected))
  }
  const long = (await verify(await tokenOf({ subject: 'x'.repeat(2000) }))).name
  assert.match(long, /^token [\da-f]{64}$/)
})

test('the claim of the scopes is a setting', async t => {
  const { verify } = await verifier(t, { scopeClaim: 'roles' })
  assert.deepEqual((await verify(await tokenOf())).scopes, new Set())
  const none = await verifier(t, { scopeClaim: 'constructor' })
  assert.deepEqual((await none.verify(await tokenOf())).scopes, new Set())
})

test('tokens that are not accepted, and why', async t => {
  const { verify } = await verifier(t)
  const cases: [token: string, reason: string][] = [
    [await tokenOf({ expires: seconds(-60) }), 'it has expired'],
    [await tokenOf({ notBefore: seconds(60) }), "its claim 'nbf' is not the one allowed here"],
    [await tokenOf({ issuer: 'https://other.example' }), "its claim 'iss' is not the one allowed here"],
    [await tokenOf({ audience: 'another' }), "its claim 'aud' is not the one allowed here"],
    [await tokenOf({ expires: '' }), "its claim 'exp' is missing"],
    [await tokenOf({ subject: '' }), "its claim 'sub' is missing"],
    [await tokenOf({ key: other.privateKey }), 'its signature is wrong'],
    [await tokenOf({ kid: 'two' }), "its key is not in the issuer's key set"],
    ['a.b.c', 'it is malformed'],
    ['', 'it is malformed'],
  ]
  for (const [token, reason] of cases) {
    await assert.rejects(verify(token), {
      code: 'UNAUTHENTICATED',
      httpStatus: 401,
      message: `the token is not accepted: ${reason}`,
    })
  }
  // Within the tolerance of clocks.
  await verify(await tokenOf({ expires: seconds(-3) }))
})

test('no signature, and one made with the public key, are no signatures', async t => {
  const { verify } = await verifier(t)
  const claims = {
    iss: ISSUER,
    aud: AUDIENCE,
    sub: 'alice',
    exp: seconds(60),
    scope: 'admin',
  }
  const unsigned = new UnsecuredJWT(claims).encode()
  await assert.rejects(verify(unsigned), { code: 'UNAUTHENTICATED' })

  for (const secret of [await exportSPKI(pair.publicKey), JSON.stringify(publicKey), publicKey.n ?? '']) {
    for (const header of [{ alg: 'HS256', kid: 'one' }, { alg: 'HS256' }]) {
      const signed = `${part(header)}.${part(claims)}`
      const signature = createHmac('sha256', secret).update(signed).digest('base64url')
      await assert.rejects(verify(`${signed}.${signature}`), {
        message: 'the token is not accepted: its algorithm is not allowed here',
      })
    }
  }
})

test('algorithms that are not on the list are refused, whatever the key set says', async t => {
  const { verify } = await verifier(t, { algorithms: ['ES256'] })
  await assert.rejects(verify(await tokenOf()), {
    message: 'the token is not accepted: its algorithm is not allowed here',
  })
})

test('a verified token is remembered for a minute, and never longer than it is valid', async t => {
  let nowMs = Date.now()
  const { verify, isRemembered } = await verifier(t, { clockToleranceSeconds: 0 }, () => nowMs)
  const [long, short] = [await tokenOf(), await tokenOf({ expires: seconds(30) })]
  assert.equal(isRemembered(long), false)
  await verify(long)
  await verify(short)
  assert.deepEqual([isRemembered(long), isRemembered(short)], [true, true])
  const forged = `${short.slice(0, short.lastIndexOf('.'))}.${long.slice(long.lastIndexOf('.') + 1)}`
  await assert.rejects(verify(forged), { code: 'UNAUTHENTICATED' })

  nowMs += 31_000
  assert.equal(isRemembered(long), true)
  await assert.rejects(verify(short), { message: 'the token is not accepted: it has expired' })
  nowMs += 30_000
  assert.equal(isRemembered(long), false)
  await verify(long)
})

test('a key set in a file is read again when it changes; a broken one keeps the old', async t => {
  const { verify, path, log } = await verifier(t)
  const logged = async (pattern: RegExp) => {
    while (!log.some(line => pattern.test(line))) await new Promise(resolve => setImmediate(resolve))
  }
  const strange = await tokenOf({ key: other.privateKey, kid: 'two' })
  await assert.rejects(verify(strange), { code: 'UNAUTHENTICATED' })
  await writeFile(path, '{"keys": ')
  await logged(/"error".*the changed key set cannot be used/)
  const known = await tokenOf()
  await verify(known)
  const second = { ...(await exportJWK(other.publicKey)), kid: 'two', alg: 'RS256' }
  await writeFile(path, JSON.stringify({ keys: [second] }))
  await logged(/the key set has changed and is in use/)
  await verify(strange)
  // Also the token that was good a moment ago.
  await assert.rejects(verify(known), { code: 'UNAUTHENTICATED' })
})

test('key sets that cannot be used', async t => {
  const cases: [text: string, message: RegExp][] = [
    ['{"keys": []}', /security\.jwt\.jwks_file: \S+ has no keys; allowed is a JSON Web Key Set/],
    ['[]', /holds a list; expected an object/],
    ['{"keys": [7]}', /is no key set/],
    [
      JSON.stringify({
        keys: [await exportJWK((await generateKeyPair('ES256', { extractable: true })).privateKey)],
      }),
      /holds a secret key/,
    ],
    ['{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}', /holds a secret key/],
  ]
  const folder = await mkdtemp(join(tmpdir(), 'tokens-'))
  t.after(() => rm(folder, { recursive: true }))
  for (const [text, message] of cases) {
    const jwksFile = join(folder, 'jwks.json')
    await writeFile(jwksFile, text)
    await assert.rejects(verifier(t, { jwksFile }), { code: 'INVALID_ARGUMENT', message })
  }
  await assert.rejects(verifier(t, { jwksFile: join(folder, 'none.json') }), {
    code: 'INVALID_ARGUMENT',
    message: /^security\.jwt\.jwks_file is "\S+none\.json": there is no such file/,
  })
})

test('a key set at an address is fetched once', async t => {
  let count = 0
  const jwksUrl = await startIssuer(t, (_, response) => {
    count += 1
    response.end(JWKS)
  })
  const { verify } = await verifier(t, { jwksUrl })
  const token = await tokenOf()
  await Promise.all([verify(token), verify(token), verify(token)])
  // An unknown key does not lead to a fetch right after the last.
  await assert.rejects(verify(await tokenOf({ kid: 'two' })), { code: 'UNAUTHENTICATED' })
  assert.equal(count, 1)
})

test('a key set that cannot be had: unavailable, asked for once in a while, said once', async t => {
  const answers: [name: string, answer: RequestListener][] = [
    ['status', (_, response) => response.writeHead(500).end('no')],
    ['cut off', (_, response) => response.destroy()],
    ['too large', (_, response) => response.end(`{"keys": [], "x": "${'x'.repeat(1_100_000)}"}`)],
    ['no keys', (_, response) => response.end('<html>')],
    ['elsewhere', (_, response) => response.writeHead(302, { location: '/other' }).end()],
  ]
  for (const [name, answer] of answers) {
    let count = 0
    const jwksUrl = await startIssuer(t, (request, response) => {
      count += 1
      answer(request, response)
    })
    const { verify, log } = await verifier(t, { jwksUrl })
    const token = await tokenOf()
    const failed = (await Promise.allSettled([verify(token), verify(token), verify(token)])).concat(
      await Promise.allSettled([verify(token)]),
    )
    for (const result of failed) {
      const { code, retryAfterMs } =
        result.status === 'rejected'
          ? (result.reason as { code: string; retryAfterMs: number })
          : { code: 'none', retryAfterMs: 0 }
      assert.equal(code, 'UNAVAILABLE', name)
      assert.ok(retryAfterMs > 0 && retryAfterMs <= 5000)
    }
    assert.equal(count, 1, name)
    assert.equal(log.length, 1, name)
    assert.match(log[0] ?? '', /cannot be fetched/)
  }
})
