import assert from 'node:assert/strict'
import { test } from 'node:test'
import { applicationBody, createServingBed, scalerSignature } from '../test/serving-bed.ts'

interface Seen {
  readonly event: string
  readonly data: string
}

/** Events as they come; heartbeats are left out. */
async function* readEvents(response: Response): AsyncIterable<Seen> {
  let rest = ''
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    rest += chunk
    const blocks = rest.split('\n\n')
    rest = blocks.pop()!
    for (const block of blocks) {
      const { event, data } = /^event: (?<event>.*)\ndata: (?<data>[^\n]*)$/.exec(block)?.groups ?? {}
      if (event !== undefined && data !== undefined) yield { event, data }
    }
  }
}

/** Keeps what has come, for as long as the stream lasts. */
function collect(response: Response) {
  const seen: Seen[] = []
  let news = Promise.withResolvers<void>()
  const reading = (async () => {
    try {
      for await (const event of readEvents(response)) {
        seen.push(event)
        news.resolve()
        news = Promise.withResolvers()
      }
    } catch {
      // Cut off by the test itself.
    }
  })()
  return {
    reading,
    of: (type: string) => seen.filter(({ event }) => event === type).map(({ data }) => data),
    sees: async (type: string, text: string) => {
      while (!seen.some(({ event, data }) => event === type && data.includes(text))) await news.promise
    },
  }
}

test('changes are told as views, none of what was before, and no version that is Assembling', async t => {
  const bed = await createServingBed(t)
  await bed.release('before')
  // Events come from the feed of changes: this one has been told when a later one has.
  const told = Promise.withResolvers<void>()
  const early = new AbortController()
  const first = collect(await fetch(`${bed.url}/api/v2/events`, { signal: early.signal }))
  await bed.release('mark')
  void first.sees('ModelUpdate', '"mark"').then(told.resolve)
  await told.promise
  early.abort()
  await first.reading

  const left = new AbortController()
  const response = await fetch(`${bed.url}/api/v2/events`, { signal: left.signal })
  assert.equal(response.headers.get('content-type'), 'text/event-stream')
  const { of, sees, reading } = collect(response)
  const version = await bed.release('scaler')
  const config = await bed.ask('POST', '/api/v2/deployment_configuration', { name: 'big' })
  await sees('DeploymentConfigurationUpdate', 'big')
  await bed.ask('DELETE', '/api/v2/deployment_configuration/big')
  await bed.ask('POST', '/api/v2/application', applicationBody('app', [version]))
  await sees('ApplicationUpdate', '"Ready"')
  await sees('ServableUpdate', '"Serving"')
  const application = (await bed.ask('GET', '/api/v2/application/app')).json
  await bed.ask('DELETE', '/api/v2/application/app')
  await bed.store.models.delete((await bed.store.modelVersions.get(version))!.modelId)
  await sees('ModelRemove', '')
  left.abort()
  await reading

  assert.deepEqual(
    of('ModelUpdate').map(data => {
      const { id, status, modelSignature, installCommand } = JSON.parse(data) as Record<string, unknown>
      return { id, status, modelSignature, installCommand }
    }),
    [{ id: version, status: 'Released', modelSignature: scalerSignature(), installCommand: null }],
  )
  assert.deepEqual(
    of('DeploymentConfigurationUpdate').map(data => JSON.parse(data) as unknown),
    [config.json],
  )
  assert.deepEqual(of('DeploymentConfigurationRemove'), ['big'])
  assert.deepEqual(JSON.parse(of('ApplicationUpdate').at(-1)!), application)
  assert.deepEqual(of('ApplicationRemove'), ['app'])
  assert.equal(of('ServableRemove').length, 1)
  assert.deepEqual(of('ModelRemove'), [String(version)])
})
