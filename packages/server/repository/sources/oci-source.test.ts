import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { parseOciReference } from './oci-reference.ts'
import { type Handler, startHttp } from './test/http-fixture.ts'
import {
  digestOf,
  layer,
  putManifest,
  type RegistryContent,
  serveRegistry,
  titled,
} from './test/oci-fixture.ts'
import { stagerBed, tarGzOf } from './test/stager-bed.ts'

const TAR = 'application/vnd.oci.image.layer.v1.tar+gzip'

async function registry(t: TestContext, before: (content: RegistryContent) => Handler = () => () => {}) {
  const content: RegistryContent = { blobs: new Map(), manifests: new Map() }
  const first = before(content)
  const http = await startHttp(t, (request, response, count) => {
    first(request, response, count)
    if (!response.writableEnded && !response.destroyed && !response.headersSent) {
      serveRegistry(content, request, response)
    }
  })
  return { ...http, content, uri: `${http.origin.replace('http', 'oci')}/team/models` }
}

suite('an artefact', () => {
  test('its titled layers are files, its archives are unpacked', async t => {
    const { content, uri } = await registry(t)
    const unpack = { 'org.opencontainers.image.title': 'm', 'io.deis.oras.content.unpack': 'true' }
    const digest = putManifest(content, '1.0', {
      layers: [
        titled(content, 'settings.txt', 'a'),
        titled(content, 'nested/weights.bin', 'w'),
        layer(content, tarGzOf([{ path: 'm/model-settings.json', text: '{}' }]), TAR, unpack),
        layer(content, tarGzOf([{ path: 'n/x', text: 'x' }]), TAR),
        layer(content, 'raw', 'application/vnd.cncf.model.weight.v1.raw', {
          'org.cncf.model.filepath': 'raw.bin',
        }),
        // Tools give plain files the type of a layer.
        layer(content, 'plain', 'application/vnd.oci.image.layer.v1.tar', {
          'org.opencontainers.image.title': 'plain.txt',
        }),
      ],
    })
    const expected = {
      'settings.txt': 'a',
      'nested/weights.bin': 'w',
      'm/model-settings.json': '{}',
      'n/x': 'x',
      'raw.bin': 'raw',
      'plain.txt': 'plain',
    }
    const bed = await stagerBed(t)
    assert.deepEqual(await bed.read(await bed.stage(`${uri}:1.0`)), expected)
    assert.deepEqual(await bed.read(await bed.stage(`${uri}@${digest}`)), expected)
  })

  test('only layers that are new are downloaded', async t => {
    const { content, uri, requests } = await registry(t)
    const kept = titled(content, 'kept.bin', 'kept')
    putManifest(content, 'latest', { layers: [kept, titled(content, 'changed.bin', 'old')] })
    const bed = await stagerBed(t)
    const first = await bed.stage(uri)
    const before = requests.length
    assert.equal(await bed.stage(uri), first)
    putManifest(content, 'latest', { layers: [kept, titled(content, 'changed.bin', 'new')] })
    assert.deepEqual(await bed.read(await bed.stage(uri)), { 'kept.bin': 'kept', 'changed.bin': 'new' })
    assert.deepEqual(requests.slice(before), [
      'GET /v2/team/models/manifests/latest',
      'GET /v2/team/models/manifests/latest',
      `GET /v2/team/models/blobs/${digestOf('new')}`,
    ])
  })

  test('of an index the manifest for this platform', async t => {
    const { content, uri } = await registry(t)
    const architecture = process.arch === 'x64' ? 'amd64' : process.arch
    const manifests = [
      { os: 'plan9', architecture, text: 'other' },
      { os: process.platform, architecture, text: 'mine' },
    ].map(({ text, ...platform }) => {
      const digest = putManifest(content, text, { layers: [titled(content, 'x', text)] })
      return { digest, size: 1, platform }
    })
    putManifest(content, 'latest', { manifests })
    putManifest(content, 'foreign', { manifests: [manifests[0]!, manifests[0]!] })
    const bed = await stagerBed(t)
    assert.deepEqual(await bed.read(await bed.stage(uri)), { x: 'mine' })
    await assert.rejects(
      bed.stage(`${uri}:foreign`),
      /no manifest is for .*; there are: plan9\/amd64, plan9\/amd64$/,
    )
  })
})

async function dockerConfig(t: TestContext, text: string): Promise<{ DOCKER_CONFIG: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'docker-config-'))
  t.after(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'config.json'), text)
  return { DOCKER_CONFIG: folder }
}

const asksForToken =
  (seen: string[]): Handler =>
  (request, response) => {
    const { url = '', headers } = request
    if (url.startsWith('/token')) {
      seen.push(`${url} ${headers.authorization}`)
      response.end(JSON.stringify(seen.length > 1 ? { access_token: 'second' } : { token: 'first' }))
    } else if (headers.authorization !== `Bearer ${seen.length > 1 ? 'second' : 'first'}`) {
      const realm = `http://${headers.host}/token`
      const challenge = `Bearer realm="${realm}",service="reg,istry",scope="repository:team/models:pull"`
      response.writeHead(401, { 'www-authenticate': challenge }).end()
    }
  }

suite('signing in', () => {
  const basic = Buffer.from('me:secret').toString('base64')

  test('with a token, and with credentials for it', async t => {
    const seen: string[] = []
    const { content, uri, origin } = await registry(t, () => asksForToken(seen))
    putManifest(content, 'latest', { layers: [titled(content, 'x', 'x')] })
    const auths = { [new URL(origin).host]: { auth: basic } }
    const bed = await stagerBed(t, { environment: await dockerConfig(t, JSON.stringify({ auths })) })
    assert.deepEqual(await bed.read(await bed.stage(uri)), { x: 'x' })
    const scope = encodeURIComponent('repository:team/models:pull')
    assert.deepEqual(seen, [`/token?service=reg%2Cistry&scope=${scope} Basic ${basic}`])
  })

  test('without credentials as nobody', async t => {
    const seen: string[] = []
    const { content, uri } = await registry(t, () => asksForToken(seen))
    putManifest(content, 'latest', { layers: [titled(content, 'x', 'x')] })
    const bed = await stagerBed(t, { environment: await dockerConfig(t, '{}') })
    await bed.stage(uri)
    assert.match(seen[0] ?? '', / undefined$/)
  })

  const asksForBasic: Handler = (request, response) => {
    if (request.headers.authorization === `Basic ${basic}`) return
    response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end()
  }

  test('with a password', async t => {
    const { content, uri, origin } = await registry(t, () => asksForBasic)
    putManifest(content, 'latest', { layers: [titled(content, 'x', 'x')] })
    const { host } = new URL(origin)
    const auths = { [host]: { username: 'me', password: 'secret' } }
    const bed = await stagerBed(t, { environment: await dockerConfig(t, JSON.stringify({ auths })) })
    assert.deepEqual(await bed.read(await bed.stage(uri)), { x: 'x' })
    const other = await stagerBed(t, { environment: await dockerConfig(t, '{"auths":{}}') })
    await assert.rejects(other.stage(uri), {
      code: 'FAILED_PRECONDITION',
      message: `${host} asks for credentials; sign in with: docker login ${host}`,
    })
    const wrong = await stagerBed(t, {
      environment: await dockerConfig(t, JSON.stringify({ auths: { [host]: { auth: 'eDp5' } } })),
    })
    await assert.rejects(wrong.stage(uri), /answered 401 Unauthorized$/)
    const broken = await stagerBed(t, { environment: await dockerConfig(t, '{"auths": secret') })
    await assert.rejects(broken.stage(uri), /config\.json is not JSON$/)
  })
})

/** A manifest with one layer. */
function only(make: (content: RegistryContent) => object): (content: RegistryContent) => void {
  return content => void putManifest(content, 'latest', { layers: [make(content)] })
}

suite('refused', () => {
  const manifests: Record<string, readonly [(content: RegistryContent) => void, RegExp]> = {
    'a layer that is neither file nor archive': [
      only(content => layer(content, 'x', 'application/json')),
      /layer sha256:\w{64} \(application\/json\) is no archive and has no title/,
    ],
    'a title that leads out': [
      only(content => titled(content, '../x', 'x')),
      /"\.\.\/x" is refused; paths must be relative/,
    ],
    'a title that is no name': [only(content => titled(content, './', 'x')), /"\.\/" is no name of a file$/],
    'two layers of one title': [
      content =>
        putManifest(content, 'latest', { layers: [titled(content, 'x', '1'), titled(content, 'x', '2')] }),
      /"x" is there twice$/,
    ],
    'a layer with another digest': [
      only(content => {
        const described = titled(content, 'x', 'good') as { digest: string }
        content.blobs.set(described.digest, Buffer.from('evil'))
        return described
      }),
      /has the digest sha256:\w{64} instead of sha256:\w{64}$/,
    ],
    'what is no manifest': [
      content => content.manifests.set('latest', Buffer.from('[')),
      /the manifest is not JSON$/,
    ],
    'a digest of another kind': [
      only(() => ({ digest: 'md5:x', size: 1 })),
      /the manifest is not one: \/layers\/0\/digest/,
    ],
    'an index without manifests': [
      content => putManifest(content, 'latest', { manifests: [] }),
      /no manifest is for .*; there are: none$/,
    ],
    'a manifest beyond 4 MiB': [
      content => putManifest(content, 'latest', { layers: [], padding: 'x'.repeat(4 * 1024 * 1024) }),
      /answered with more than 4194304 bytes$/,
    ],
  }
  for (const [title, [fill, message]] of Object.entries(manifests)) {
    test(title, async t => {
      const { content, uri } = await registry(t)
      fill(content)
      const bed = await stagerBed(t)
      await assert.rejects(bed.stage(uri), { message })
      assert.deepEqual(await bed.stagings().catch(() => []), [])
    })
  }

  test('a manifest with another digest than was asked for', async t => {
    const { content, uri } = await registry(t)
    const digest = digestOf('other')
    putManifest(content, digest, { layers: [] })
    const bed = await stagerBed(t)
    await assert.rejects(
      bed.stage(`${uri}@${digest}`),
      /the manifest has the digest sha256:\w+ instead of sha256:/,
    )
  })

  test('a tag that is not there', async t => {
    const { uri } = await registry(t)
    const bed = await stagerBed(t)
    await assert.rejects(bed.stage(`${uri}:no`), { message: `${uri}:no answered 404 Not Found` })
  })
})

test('an interrupted layer goes on where it ended', async t => {
  const big = 'layer '.repeat(30_000)
  const { content, uri, requests } = await registry(t, () => (request, response, count) => {
    if (!request.url?.includes('/blobs/') || count > 0) return
    response.writeHead(200, { 'content-length': big.length })
    response.write(big.slice(0, 60_000), () => response.destroy())
  })
  putManifest(content, 'latest', { layers: [titled(content, 'x', big)] })
  const bed = await stagerBed(t)
  assert.deepEqual(await bed.read(await bed.stage(uri)), { x: big })
  assert.match(requests.at(-1) ?? '', / bytes=\d+-$/)
})

test('references', () => {
  const table: [uri: string, origin: string, repository: string, reference: string][] = [
    ['oci://localhost:5000/m', 'http://localhost:5000', 'm', 'latest'],
    ['oci://[::1]:5000/m:a', 'http://[::1]:5000', 'm', 'a'],
    ['oci://registry.example/team/my-models:v1.0', 'https://registry.example', 'team/my-models', 'v1.0'],
    [`oci://r.example/m@${digestOf('')}`, 'https://r.example', 'm', digestOf('')],
    [`oci://r.example/m:tag@${digestOf('')}`, 'https://r.example', 'm', digestOf('')],
  ]
  for (const [uri, origin, repository, reference] of table) {
    const parsed = parseOciReference(uri)
    assert.deepEqual(
      [parsed.origin, parsed.repository, parsed.reference],
      [origin, repository, reference],
      uri,
    )
  }
  for (const uri of [
    'oci://host',
    'oci://host/',
    'oci://host/UPPER',
    'oci://host/m:',
    'oci://host/m@sha256:x',
    'oci://h/m?q',
    'oci://h/../m',
  ]) {
    assert.throws(
      () => parseOciReference(uri),
      { code: 'INVALID_ARGUMENT', message: /cannot be read; write oci:/ },
      uri,
    )
  }
})
