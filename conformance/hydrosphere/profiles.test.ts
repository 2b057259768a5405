import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { field, type VersionView } from './bed/manager-calls.ts'
import { runMillrace } from './bed/run-command.ts'
import { bedOf, registerScripted, scripted, startBed } from './bed/up-bed.ts'
import { startUp } from './bed/up-process.ts'

interface StatusView {
  readonly kind: string
  readonly message: string | null
  readonly rows: number
  readonly skippedRows: number
}

interface ProfileView {
  readonly name: string
  readonly commonStatistics: { readonly count: number; readonly missing: number }
  readonly quantileStatistics: Readonly<Record<string, number>>
}

interface ProfilesView {
  readonly training: { readonly NumericalProfile: ProfileView } | null
  readonly production: { readonly NumericalProfile: ProfileView } | null
}

/** A store with one object, `s3://bucket/train.csv`. */
const OBJECT = 'x\n-5\n5'
const s3 = createServer((request, response) => {
  const { searchParams } = new URL(request.url!, 'http://store')
  const etag = '"one"'
  if (!searchParams.has('list-type')) {
    response.setHeader('etag', etag).end(OBJECT)
    return
  }
  const contents = `<Contents><Key>train.csv</Key><ETag>${etag}</ETag><Size>${OBJECT.length}</Size></Contents>`
  const found = searchParams.get('prefix') === 'train.csv' ? contents : ''
  response
    .setHeader('content-type', 'application/xml')
    .end(`<ListBucketResult><IsTruncated>false</IsTruncated>${found}</ListBucketResult>`)
})
await new Promise<void>(resolve => void s3.listen(0, '127.0.0.1', resolve))

const bed = await startBed({
  environment: {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${(s3.address() as AddressInfo).port}`,
    AWS_DEFAULT_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'id',
    AWS_SECRET_ACCESS_KEY: 'key',
  },
})
const folder = await mkdtemp(join(tmpdir(), 'millrace-profiles-'))
after(async () => {
  await bed.close()
  s3.closeAllConnections()
  s3.close()
  await rm(folder, { recursive: true })
})

const external = (name: string, inputs: readonly object[], { ok } = bed) =>
  ok<VersionView>('POST', '/api/v2/externalmodel', {
    name,
    signature: { signatureName: 'predict', inputs, outputs: [field('y', 'DOUBLE', [], 'NONE')] },
    metadata: {},
  })
const ended = ({ id }: VersionView) =>
  bed.ok<StatusView>('GET', `/monitoring/profiles/batch/${id}/status?wait=60`)
const push = async (version: VersionView, csv: string) => {
  assert.equal(await bed.ok('POST', `/monitoring/profiles/batch/${version.id}`, csv), 'ok')
  return ended(version)
}
const rangeOf = async ({ id }: VersionView, name: string) => {
  const { training } = await bed.ok<ProfilesView>('GET', `/monitoring/profiles/${id}/${name}`)
  const { min, max } = training!.NumericalProfile.quantileStatistics
  return [min, max]
}

suite('training data', { concurrency: 1 }, () => {
  test('check 100: quoted cells, rows of another length, no newline at the end, ten and more components, a field called x_1 [fix]', async () => {
    const version = await external('trained', [
      field('x', 'DOUBLE', []),
      field('x_1', 'DOUBLE', []),
      field('f', 'DOUBLE', [-1, 11]),
      field('said', 'STRING', [], 'NONE'),
    ])
    const columns = [0, 1, 10, 2, 3, 4, 5, 6, 7, 8, 9]
    const row = (x: number) => `${x},"well, ""yes""",${x + 1},${columns.map(index => index + x).join(',')}`
    const csv = [
      `x,said,x_1,${columns.map(index => `f_${index}`).join(',')}`,
      row(0),
      '1,2,3',
      row(100),
    ].join('\n')
    assert.deepEqual(await push(version, csv), {
      kind: 'Success',
      message: '1 of 3 rows were left out, as they have not as many cells as the header (line 3)',
      rows: 2,
      skippedRows: 1,
    })
    assert.deepEqual(await bed.ok('GET', `/monitoring/fields/${version.id}`), [
      ...Array.from({ length: 11 }, (_, index) => `f_${index}`),
      'x_0',
      'x_1_0',
    ])
    assert.deepEqual(await rangeOf(version, 'x_0'), [0, 100])
    assert.deepEqual(await rangeOf(version, 'x_1'), [1, 101])
    assert.deepEqual(await rangeOf(version, 'f_10'), [10, 110])
    assert.deepEqual(await rangeOf(version, 'f_2'), [2, 102])
    const headless = await push(version, '1,2\n3,4\n')
    assert.equal(headless.kind, 'Failure')
    assert.match(headless.message!, /first line must name the columns/)
  })

  test('check 101: a second upload is refused while one is processed, and the state survives a crash [fix]', async t => {
    const dataFolder = await mkdtemp(join(tmpdir(), 'millrace-restart-'))
    t.after(() => rm(dataFolder, { recursive: true, force: true, maxRetries: 5 }))
    const first = bedOf(await startUp({ dataFolder }))
    t.after(() => first.close())
    const version = await external('crashed', [field('x', 'DOUBLE', [])], first)
    const done = await external('done', [field('x', 'DOUBLE', [])], first)
    const path = `/monitoring/profiles/batch/${version.id}`
    const kindOf = async (of = first, at = path) =>
      (await of.ok<StatusView>('GET', `${at}/status?wait=0`)).kind
    assert.equal(await kindOf(), 'NotRegistered')
    await first.ok('POST', `/monitoring/profiles/batch/${done.id}`, 'x\n1\n')
    await first.ok('GET', `/monitoring/profiles/batch/${done.id}/status?wait=60`)
    const sending = httpRequest(`${first.up.url}${path}`, { method: 'POST' })
    sending.on('error', () => {})
    sending.write('x\n1\n')
    await once(sending, 'socket')
    while ((await kindOf()) !== 'Processing');
    const second = await first.call('POST', path, 'x\n2\n')
    assert.ok(second.status >= 400)
    assert.match(second.text, /^\{"errors":\[".*being processed already/)
    await first.up.kill()
    sending.destroy()

    const next = bedOf(await startUp({ dataFolder }))
    t.after(() => next.close())
    const status = await next.ok<StatusView>('GET', `${path}/status`)
    assert.equal(status.kind, 'Failure')
    assert.match(status.message!, /interrupted/)
    assert.equal(await kindOf(next, `/monitoring/profiles/batch/${done.id}`), 'Success')
    await next.ok('POST', path, 'x\n3\n')
    assert.equal((await next.ok<StatusView>('GET', `${path}/status?wait=60`)).kind, 'Success')
  })

  test('check 86: is pushed by the command, which wants either a file or an address [fix]', async () => {
    await writeFile(join(folder, 'train.csv'), 'x\n0\n10\n')
    const version = await external('pushed', [field('x', 'DOUBLE', [])])
    const profile = (...args: string[]) =>
      runMillrace(['profile', ...args, '--server', bed.up.url], { cwd: folder })
    const pushed = await profile('push', '--model-version', 'pushed:1', '--filename', 'train.csv')
    assert.deepEqual(
      [pushed.exitCode, pushed.stdout, pushed.stderr],
      [0, 'training data of pushed:1 handed over\ntraining data of pushed:1 processed: 2 rows\n', ''],
    )
    assert.deepEqual(await rangeOf(version, 'x_0'), [0, 10])
    const elsewhere = await profile(
      'push',
      '--model-version',
      'pushed:1',
      '--s3path',
      's3://bucket/train.csv',
    )
    assert.equal(elsewhere.exitCode, 0, elsewhere.stderr)
    assert.match(elsewhere.stdout, /processed: 2 rows\n$/)
    assert.deepEqual(await rangeOf(version, 'x_0'), [-5, 10])
    const paths = await bed.ok<string[]>('GET', `/monitoring/training_data?modelVersionId=${version.id}`)
    assert.deepEqual(paths.slice(1), ['s3://bucket/train.csv'])
    const none = await profile('push', '--model-version', 'pushed:1', '--s3path', 's3://bucket/none.csv')
    assert.equal(none.exitCode, 7)
    assert.match(none.stderr, /s3:\/\/bucket\/none\.csv holds no objects/)
    const both = ['--filename', 'train.csv', '--s3path', 's3://bucket/train.csv']
    for (const args of [both, []]) {
      const { exitCode, stderr } = await profile('push', '--model-version', 'pushed:1', ...args)
      assert.equal(exitCode, 2)
      assert.match(stderr, /either --filename FILE or --s3path/)
    }
  })
})

test('check 106: fields of any tag are asked and pushed without an error, and untagged ones give no profile', async () => {
  await registerScripted(bed)
  const inputs = [
    field('photo', 'DOUBLE', [2, 2], 'IMAGE'),
    field('colour', 'STRING', [], 'CATEGORICAL'),
    field('words', 'STRING', [], 'TEXT'),
    field('plain', 'DOUBLE', [], 'NONE'),
    field('x', 'DOUBLE', []),
  ]
  const code = `export function predict() {
    return [{ name: 'y', datatype: 'FP64', shape: [], data: [1] }]
  }`
  const version = await bed.release(scripted('tagged', code, inputs, [field('y', 'DOUBLE', [], 'NONE')]))
  assert.equal((await push(version, 'photo_0,colour,words,plain,x\n1,red,some words,1,4\n')).kind, 'Success')
  await bed.ready('tagged', [[[version.id, 100]]])
  const values = {
    photo: [
      [1, 2],
      [3, 4],
    ],
    colour: 'red',
    words: 'more words',
    plain: 1,
    x: 5,
  }
  const { status, json } = await bed.ask('tagged', values)
  assert.equal(status, 200, JSON.stringify(json))
  for (;;) {
    // Profiles are made behind the answers.
    const { production } = await bed.ok<ProfilesView>('GET', `/monitoring/profiles/${version.id}/x_0`)
    if (production === null) continue
    assert.equal(production.NumericalProfile.quantileStatistics['max'], 5)
    break
  }
  assert.deepEqual(await bed.ok('GET', `/monitoring/fields/${version.id}`), ['words_0', 'x_0'])
  assert.deepEqual(await bed.ok('GET', `/monitoring/profiles/${version.id}/photo_0`), {
    training: null,
    production: null,
  })
  const [kept] = await bed.ok<Readonly<Record<string, unknown>>[]>(
    'GET',
    `/monitoring/checks/all/${version.id}`,
  )
  assert.equal(kept!['_hs_error'], null)
  assert.doesNotMatch(bed.up.printed(), / (?:error|warn)/i)
})
