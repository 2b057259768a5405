import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { access, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { openStore } from '../../store/index.ts'
import { startManager, temporaryFolder } from './manager-bed.ts'
import { processIsGone } from './process-bed.ts'
import {
  buildLog,
  metadataOf,
  payloadOf,
  readEvents,
  upload,
  uploadAndBuild,
  type VersionJson,
} from './upload-bed.ts'

const PAYLOAD = payloadOf({ 'data.txt': 'one\n' })

test('an install command runs in files and sees no secret of the manager', async t => {
  process.env['MILLRACE_TEST_SECRET'] = 'hidden'
  t.after(() => delete process.env['MILLRACE_TEST_SECRET'])
  const { url, folder } = await startManager(t, { build: { installVariables: { EXTRA: 'more' } } })
  const installCommand = 'pwd; env; cat data.txt >&2; echo "made at $MODEL_DIR" > made.txt; echo $HOME > home'
  const { version, log } = await uploadAndBuild(url, metadataOf('env', { installCommand }), PAYLOAD)
  assert.equal(version.status, 'Released', log.join('\n'))
  const model = join(folder, 'data/versions', String(version.id), 'model')
  assert.ok(log.includes(join(model, 'files')))
  assert.ok(log.includes('one'))
  assert.ok(log.includes('EXTRA=more'))
  assert.equal(await readFile(join(model, 'files/made.txt'), 'utf8'), `made at ${model}\n`)
  assert.ok(!log.some(line => line.includes('hidden')))
  const home = (await readFile(join(model, 'files/home'), 'utf8')).trim()
  await assert.rejects(access(home), { code: 'ENOENT' })
})

test('a command that fails fails the version, and its output is kept', async t => {
  const { url, folder } = await startManager(t)
  const installCommand = 'echo before; echo problem >&2; exit 3'
  const { version, log } = await uploadAndBuild(url, metadataOf('fails', { installCommand }), PAYLOAD)
  assert.equal(version.status, 'Failed')
  assert.equal(version.statusMessage, 'the install command ended with exit code 3')
  const from = log.indexOf(`Running: ${installCommand}`)
  assert.deepEqual(log.slice(from + 1), ['before', 'problem', `Failed: ${version.statusMessage}`])
  await assert.rejects(access(join(folder, 'data/versions', String(version.id))), { code: 'ENOENT' })
})

test('a command is ended when its time is over, with all that it has started', async t => {
  const { url } = await startManager(t, { build: { installTimeoutMs: 300 } })
  const installCommand = 'sleep 1000 & echo "child $!"; wait'
  const { version, log } = await uploadAndBuild(url, metadataOf('slow', { installCommand }), PAYLOAD)
  assert.equal(version.statusMessage, 'the install command did not end within 300 ms, which is the limit')
  await processIsGone(childOf(log))
})

test('what a command leaves behind in its group is ended with it', async t => {
  const { url } = await startManager(t)
  const installCommand = 'sleep 1000 & echo "child $!"'
  const { version, log } = await uploadAndBuild(url, metadataOf('leaves', { installCommand }), PAYLOAD)
  assert.equal(version.status, 'Released')
  await processIsGone(childOf(log))
})

test('output is cut at its limit and read on', async t => {
  const { url } = await startManager(t, { build: { installOutputBytesMax: 10_000 } })
  const installCommand = 'head -c 3000000 /dev/zero | tr "\\0" "x" | fold -w 100; echo done > done.txt'
  const { version, log } = await uploadAndBuild(url, metadataOf('loud', { installCommand }), PAYLOAD)
  assert.equal(version.status, 'Released')
  assert.equal(log.at(-2), '… (cut: more than 10000 bytes of output)')
  assert.ok(log.join('\n').length < 300_000)
})

test('the log is followed live, and again from where a client left off', async t => {
  const { url, folder } = await startManager(t)
  const gate = join(folder, 'gate')
  execFileSync('mkfifo', [gate])
  const installCommand = `echo first; cat ${gate}; echo last`
  const answer = (await (
    await upload(url, metadataOf('live', { installCommand }), PAYLOAD)
  ).json()) as VersionJson
  const logs = `${url}/api/v2/model/version/${answer.id}/logs`
  const response = await fetch(logs)
  assert.equal(response.headers.get('content-type'), 'text/event-stream')
  assert.equal(response.headers.get('access-control-allow-origin'), '*')
  const seen: { event: string; id?: string; data: string }[] = []
  for await (const event of readEvents(response)) {
    seen.push(event)
    // The command waits: what is here has come while it runs.
    if (event.data === 'first') await writeFile(gate, 'opened\n')
  }
  assert.deepEqual(
    seen.filter(({ event }) => event === 'Log').map(({ id }) => Number(id)),
    seen.slice(0, -1).map((_, index) => index),
  )
  assert.deepEqual(seen.at(-1), { event: 'EndOfStream', data: '' })
  assert.deepEqual(
    seen.slice(-5, -1).map(({ data }) => data),
    ['first', 'opened', 'last', 'Released live:1'],
  )
  const rest: string[] = []
  for await (const event of readEvents(await fetch(logs, { headers: { 'last-event-id': '4' } }))) {
    if (event.event === 'Log') rest.push(event.id!)
  }
  assert.equal(rest[0], '5')
  const unknown = await fetch(`${url}/api/v2/model/version/77/logs`)
  assert.equal(unknown.status, 404)
  assert.deepEqual(await unknown.json(), {
    message: "Can't find logs for model version id = 77",
    error: 'NotFound',
  })
})

test('two builds run at a time, and further uploads are refused when too many wait', async t => {
  const { url, folder } = await startManager(t, { build: { queueMax: 1 } })
  const gate = join(folder, 'gate')
  const installCommand = `echo started; until [ -e ${gate} ]; do sleep 0.02; done`
  const post = () => upload(url, metadataOf('busy', { installCommand }), PAYLOAD)
  const running = [await idOf(await post()), await idOf(await post())]
  for (const id of running) await untilSaid(url, id, 'started')
  const waiting = await idOf(await post())
  const refused = await post()
  assert.equal(refused.status, 429)
  assert.equal(refused.headers.get('retry-after'), '10')
  assert.equal((await untilSaid(url, waiting, 'Accepted')).length, 1)
  await writeFile(gate, '')
  for (const id of [...running, waiting]) assert.match((await buildLog(url, id)).at(-1)!, /^Released busy:/)
})

test('closing cancels builds, which are failed then; a restart finds them so', async t => {
  const folder = await temporaryFolder(t)
  const bed = await startManager(t, { folder })
  const installCommand = 'sleep 1000 & echo "child $!"; wait'
  const answer = (await (
    await upload(bed.url, metadataOf('closed', { installCommand }), PAYLOAD)
  ).json()) as VersionJson
  const log = await untilSaid(bed.url, answer.id, 'child')
  await bed.close()
  await processIsGone(childOf(log))
  const again = await startManager(t, { folder })
  const version = await again.store.modelVersions.get(answer.id)
  assert.equal(version?.status, 'Failed')
  assert.match(version?.statusMessage ?? '', /interrupted by a stop of the manager/)
  assert.match((await buildLog(again.url, answer.id)).at(-1)!, /^Failed: the build was interrupted/)
})

test('what a killed manager has left half built is failed and removed at the next start', async t => {
  const folder = await temporaryFolder(t)
  const store = await openStore({ file: join(folder, 'millrace.db') })
  const { id } = await store.modelVersions.create({
    modelName: 'half',
    runtime: { name: 'a', tag: 'b', sha256: undefined },
    signature: { signatureName: 's', inputs: [], outputs: [] },
  })
  await store.buildLogs.append(id, ['Building'])
  await store.close()
  const left = join(folder, 'data/versions', String(id), 'model/files')
  await mkdir(left, { recursive: true })
  const { url, store: opened } = await startManager(t, { folder })
  assert.equal((await opened.modelVersions.get(id))?.status, 'Failed')
  assert.equal((await buildLog(url, id)).length, 2)
  await assert.rejects(access(left), { code: 'ENOENT' })
})

test('deleting a model ends its build', async t => {
  const { url, store } = await startManager(t)
  const metadata = metadataOf('gone', { installCommand: 'sleep 1000 & echo "child $!"; wait' })
  const answer = (await (await upload(url, metadata, PAYLOAD)).json()) as VersionJson
  const log = await untilSaid(url, answer.id, 'child')
  const response = await fetch(`${url}/api/v2/model/1`, { method: 'DELETE' })
  assert.deepEqual(await response.json(), { id: 1, name: 'gone' })
  await processIsGone(childOf(log))
  assert.deepEqual(await store.modelVersions.list(), [])
})

async function idOf(response: Response): Promise<number> {
  return ((await response.json()) as VersionJson).id
}

/** The log as far as it is when a line begins with this. */
async function untilSaid(url: string, id: number, start: string): Promise<readonly string[]> {
  const lines: string[] = []
  const stop = new AbortController()
  const response = await fetch(`${url}/api/v2/model/version/${id}/logs`, { signal: stop.signal })
  for await (const { data } of readEvents(response)) {
    lines.push(data)
    if (data.startsWith(start)) break
  }
  stop.abort()
  return lines
}

function childOf(log: readonly string[]): number {
  return Number(/^child (\d+)$/m.exec(log.join('\n'))![1])
}
