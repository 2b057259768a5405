import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { openInferenceRoutes } from '../doors/open-inference/index.ts'
import { modelFiles, saying, startTestServer, type TestServer } from './test-server.ts'

const NAME = 'my model/<b>'
const PATH = '/v2/models/my%20model%2F%3Cb%3E'
const CONTRACT = {
  name: NAME,
  parameters: { version: 'v1' },
  inputs: [
    { name: 'text', datatype: 'BYTES', shape: [-1] },
    { name: 'x|y', datatype: 'FP32', shape: [-1, 2] },
  ],
  outputs: [{ name: 'said', datatype: 'BYTES', shape: [1] }],
}

interface OpenApi {
  readonly openapi: string
  readonly info: { readonly title: string; readonly version: string; readonly description: string }
  readonly servers: readonly { readonly url: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> }
}

interface OpenApiOperation {
  readonly operationId: string
  readonly parameters?: readonly { readonly name: string }[]
  readonly requestBody?: {
    readonly content: {
      readonly 'application/json': { readonly examples?: Record<string, { value: object }> }
    }
  }
}

async function started(t: TestContext, settings: object = {}, model: object = CONTRACT): Promise<TestServer> {
  const files = modelFiles('m', saying('x'), model)
  const server = await startTestServer(t, files, { parallel_workers: 0, ...settings })
  assert.deepEqual(await server.server.started, [])
  return server
}

async function documentAt(server: TestServer, path: string): Promise<OpenApi> {
  const { status, headers, body } = await server.get(`${path}/docs/dataplane.json`)
  assert.equal(status, 200)
  assert.equal(headers.get('content-type'), 'application/json')
  return body as OpenApi
}

/** Each verb and path that a document has, sorted. */
function operationsOf({ paths }: OpenApi): readonly string[] {
  return Object.entries(paths)
    .flatMap(([path, verbs]) => Object.keys(verbs).map(verb => `${verb.toUpperCase()} ${path}`))
    .toSorted()
}

suite("the server's document", () => {
  test('has every route, and every route is in it', async t => {
    const server = await started(t)
    const document = await documentAt(server, '/v2')
    assert.match(document.openapi, /^3\.1\./)
    const routes = openInferenceRoutes(server.server.dataPlane, server.server.registry, '').map(
      ({ method, path }) =>
        `${method} ${path.replace(':model', '{model_name}').replace(':version', '{model_version}').replace(':file', '{file}')}`,
    )
    assert.deepEqual(operationsOf(document), routes.toSorted())
  })

  test('is sound: unique ids, parameters of each path, no reference to nowhere', async t => {
    const document = await documentAt(await started(t), '/v2')
    const ids = Object.values(document.paths).flatMap(verbs =>
      Object.values(verbs).map(({ operationId }) => operationId),
    )
    assert.equal(new Set(ids).size, ids.length)
    for (const [path, verbs] of Object.entries(document.paths)) {
      const named = Array.from(path.matchAll(/\{(\w+)\}/g), ([, name]) => name)
      for (const { parameters = [] } of Object.values(verbs)) {
        assert.deepEqual(
          parameters.map(({ name }) => name),
          named,
        )
      }
    }
    const references = JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)
    for (const [, name = ''] of references) assert.ok(name in document.components.schemas, name)
  })
})

suite("a model's document", () => {
  test('without a version: the unversioned path is concrete, the other keeps its parameter', async t => {
    const document = await documentAt(await started(t), PATH)
    assert.equal(document.info.title, `Data Plane for Model ${NAME}`)
    const paths = Object.keys(document.paths)
    assert.ok(paths.includes(`${PATH}/infer`))
    assert.ok(paths.includes(`${PATH}/versions/{model_version}/infer`))
    assert.ok(paths.every(path => path.startsWith(PATH)))
  })

  test('with a version: only paths of that version', async t => {
    const document = await documentAt(await started(t), `${PATH}/versions/v1`)
    const paths = Object.keys(document.paths)
    assert.ok(paths.includes(`${PATH}/versions/v1/infer`))
    assert.ok(paths.every(path => path.startsWith(`${PATH}/versions/v1`)))
    assert.equal(document.info.version, 'v1')
  })

  test('its paths exist', async t => {
    const server = await started(t)
    for (const [path, verbs] of Object.entries((await documentAt(server, `${PATH}/versions/v1`)).paths)) {
      for (const verb of Object.keys(verbs)) {
        const { status } = await (verb === 'get' ? server.get(path) : server.post(path, { inputs: [] }))
        assert.notEqual(status, 404, path)
        assert.notEqual(status, 405, path)
      }
    }
  })

  test('shows inputs and outputs, and an example that the model takes', async t => {
    const server = await started(t)
    const { info, paths, components } = await documentAt(server, PATH)
    assert.match(info.description, /\| `text` \| BYTES \| \[-1\] \|/)
    assert.match(info.description, /\| `x y` \| FP32 \| \[-1, ?2\] \|/)
    assert.deepEqual((components.schemas['RequestInput'] as { anyOf: object[] }).anyOf[0], {
      properties: { name: { const: 'text' }, datatype: { const: 'BYTES' } },
    })
    const { examples } = paths[`${PATH}/infer`]!['post']!.requestBody!.content['application/json']
    const example = examples!['request']!.value
    assert.deepEqual((example as { inputs: object[] }).inputs, [
      { name: 'text', shape: [1], datatype: 'BYTES', data: ['example'] },
      { name: 'x|y', shape: [1, 2], datatype: 'FP32', data: [0, 0] },
    ])
    assert.equal((await server.post(`${PATH}/infer`, example)).status, 200)
  })

  test('the example of a text can be sent', async t => {
    const server = await started(t, {}, { name: 'm', inputs: [CONTRACT.inputs[0]] })
    const { paths } = await documentAt(server, '/v2/models/m')
    const { examples } = paths['/v2/models/m/generate']!['post']!.requestBody!.content['application/json']
    assert.deepEqual(Object.keys(examples!), ['text', 'request'])
    assert.equal((await server.post('/v2/models/m/generate', examples!['text']!.value)).status, 200)
  })

  for (const [title, inputs] of [
    ['a large input', [{ name: 'image', datatype: 'FP32', shape: [1, 3, 224, 224] }]],
    ['what JSON cannot carry', [{ name: 'x', datatype: 'BF16', shape: [1] }]],
    ['nothing declared', []],
  ] as const) {
    test(`has no example of ${title}`, async t => {
      const { paths } = await documentAt(await started(t, {}, { name: 'm', inputs }), '/v2/models/m')
      const { content } = paths['/v2/models/m/infer']!['post']!.requestBody!
      assert.equal(content['application/json'].examples, undefined)
    })
  }
})

suite('unknown', () => {
  const rows: [path: string, message: RegExp][] = [
    ['/v2/models/none/docs', /^Model none not found$/],
    ['/v2/models/none/docs/dataplane.json', /^Model none not found$/],
    [`${PATH}/versions/v9/docs`, /with version v9 not found$/],
    [`${PATH}/versions/v9/docs/dataplane.json`, /with version v9 not found$/],
    ['/v2/docs/assets/index.html', /there are favicon-32x32\.png, start\.js/],
    ['/v2/docs/assets/..%2Fpackage.json', /no such file/],
    ['/v2/docs/schemas/settings.json', /there are model-settings\.json, server-settings\.json/],
  ]
  for (const [path, message] of rows) {
    test(path, async t => {
      const { status, body } = await (await started(t)).get(path)
      assert.equal(status, 404)
      assert.match((body as { error: string }).error, message)
    })
  }
})

suite('pages', () => {
  for (const [path, title] of [
    ['/v2/docs', 'srv API Docs'],
    [`${PATH}/docs`, 'srv API Docs - my model/&#60;b&#62;'],
    [`${PATH}/versions/v1/docs`, 'srv API Docs - my model/&#60;b&#62; (v1)'],
  ] as const) {
    test(`${path}: everything it loads is served here`, async t => {
      const server = await started(t, { server_name: 'srv' })
      const { status, headers, body } = await server.get(path)
      assert.equal(status, 200)
      assert.equal(headers.get('content-type'), 'text/html; charset=utf-8')
      assert.match(headers.get('content-security-policy')!, /^default-src 'none'; script-src 'self';/)
      const html = body as string
      assert.ok(html.includes(`<title>${title}</title>`), html)
      // Nothing but files of this server, and no script within the page, which the policy would stop.
      assert.doesNotMatch(html, /https?:|<script>| on\w+=/)
      const links = Array.from(html.matchAll(/(?:src|href|data-document)="([^"]+)"/g), ([, link]) => link!)
      assert.ok(links.length >= 5)
      for (const link of links) assert.equal((await server.get(link)).status, 200, link)
    })
  }

  test('files are read once and known by their tag', async t => {
    const server = await started(t)
    const { rest } = server.server
    const url = `http://${rest.host}:${rest.port}/v2/docs/assets/swagger-ui-bundle.js`
    const response = await fetch(url)
    assert.match(response.headers.get('content-type')!, /^text\/javascript/)
    assert.match(await response.text(), /SwaggerUIBundle/)
    const tag = response.headers.get('etag')!
    for (const known of [tag, `"x", ${tag}`, '*']) {
      const again = await fetch(url, { headers: { 'if-none-match': known } })
      assert.equal(again.status, 304)
      assert.equal(await again.text(), '')
    }
    assert.equal((await fetch(url, { headers: { 'if-none-match': '"x"' } })).status, 200)
  })
})

suite('root_path', () => {
  for (const root_path of ['/proxy/models', 'proxy/models/']) {
    test(`${root_path} begins every link, and moves no route`, async t => {
      const server = await started(t, { root_path })
      const document = await documentAt(server, '/v2')
      assert.deepEqual(document.servers, [{ url: '/proxy/models' }])
      assert.ok('/v2/docs' in document.paths)
      const links = String((await server.get('/v2/docs')).body).matchAll(
        /(?:src|href|data-document)="([^"]+)"/g,
      )
      for (const [, link] of links) assert.ok(link!.startsWith('/proxy/models/v2/docs/'), link)
      assert.deepEqual(
        server.log.filter(({ message }) => /root_path/.test(String(message))),
        [],
      )
    })
  }

  test('none is the root', async t => {
    assert.deepEqual((await documentAt(await started(t), '/v2')).servers, [{ url: '/' }])
  })

  for (const root_path of ['a b', '/x?y', '/<script>', `/${'x'.repeat(1024)}`]) {
    test(`not a path: ${root_path.slice(0, 20)}`, async t => {
      await assert.rejects(started(t, { root_path }), /root_path is/)
    })
  }
})

for (const [file, property] of [
  ['server-settings.json', 'root_path'],
  ['model-settings.json', 'implementation'],
] as const) {
  test(`schema of ${file}`, async t => {
    const { rest } = (await started(t)).server
    const response = await fetch(`http://${rest.host}:${rest.port}/v2/docs/schemas/${file}`)
    assert.equal(response.headers.get('content-type'), 'application/schema+json')
    const schema = (await response.json()) as { $schema: string; properties: object }
    assert.match(schema.$schema, /2020-12/)
    assert.ok(property in schema.properties)
  })
}
