import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import type { Page } from 'playwright-core'
import type { VersionView } from '../hydrosphere/bed/manager-calls.ts'
import { registerScripted } from '../hydrosphere/bed/up-bed.ts'
import { startProxy } from './bed/breakable-proxy.ts'
import { saying } from './bed/models.ts'
import { skipBrowser, startUiBed } from './bed/ui-bed.ts'

/** A page that is marked, to see that it has not been loaded again. */
async function marked(page: Page): Promise<Page> {
  await page.getByRole('banner').getByText('Live').waitFor()
  await page.evaluate('window.mark = 1')
  return page
}

/** For a shell. */
const untilFile = (file: string) => `until [ -e ${file} ]; do sleep 0.05; done`

suite('pages live', { concurrency: 1, skip: skipBrowser }, async () => {
  if (skipBrowser !== false) return
  const bed = await startUiBed()
  await registerScripted(bed)
  const folder = await mkdtemp(join(tmpdir(), 'millrace-ui-live-'))
  after(() => rm(folder, { recursive: true }))

  test('check 94: models, versions, applications, servables and configurations change without a reload', async () => {
    const { id } = await bed.release(saying('first', 1))
    const [models, model, version, servables, applications, application, configurations] = await Promise.all(
      [
        '/models',
        '/models/first',
        '/models/first/1',
        '/servables',
        '/applications',
        '/applications/later',
        '/deployment_configs',
      ].map(async path => marked(await bed.open(path))),
    )
    await application!.getByText('There is no application later.').waitFor()

    await bed.release(saying('second', 2))
    await models!.getByRole('link', { name: 'second', exact: true }).waitFor()
    await bed.release(saying('first', 1))
    await model!.getByRole('link', { name: 'first:2' }).waitFor()

    await bed.ok('POST', '/api/v2/deployment_configuration', {
      name: 'small',
      deployment: { replicaCount: 1 },
    })
    await configurations!.getByRole('link', { name: 'small' }).waitFor()
    await bed.ok('DELETE', '/api/v2/deployment_configuration/small')
    await configurations!.getByRole('link', { name: 'small' }).waitFor({ state: 'detached' })

    const { executionGraph } = await bed.ready('later', [[[id, 100]]])
    const { servableName } = executionGraph.stages[0]!.modelVariants[0]!
    await applications!.getByRole('row', { name: /later/ }).getByText('Ready').waitFor()
    await application!.getByRole('heading', { name: 'later' }).waitFor()
    await application!.getByRole('main').getByText('Serving').waitFor()
    await version!.getByRole('table', { name: 'Servables' }).getByText(servableName!).waitFor()
    await version!.getByRole('link', { name: 'later' }).waitFor()
    await servables!
      .getByRole('row', { name: new RegExp(servableName!) })
      .getByText('Serving')
      .waitFor()

    await bed.ok('DELETE', '/api/v2/application/later')
    await applications!.getByText('There are no applications yet.').waitFor()
    await application!.getByText('There is no application later.').waitFor()
    await servables!.getByText('Nothing runs yet.').waitFor()
    await version!.getByRole('link', { name: 'later' }).waitFor({ state: 'detached' })

    for (const page of [models, model, version, servables, applications, application, configurations]) {
      assert.equal(await page!.evaluate('window.mark'), 1, page!.url())
      await page!.context().close()
    }
    assert.deepEqual(bed.complaints, [])
  })

  test('check 95: the build log streams, and goes on behind a connection that broke', async () => {
    const [one, two] = [join(folder, 'one'), join(folder, 'two')]
    const installCommand = `echo line-one; ${untilFile(one)}; echo line-two; ${untilFile(two)}; echo line-three`
    const answer = await bed.upload(saying('slow', 1, { installCommand }))
    assert.equal(answer.status, 200, answer.text)
    const proxy = await startProxy(bed.up.url)
    try {
      const page = await marked(await bed.open(`${proxy.url}/models/slow/1`))
      await page.getByRole('main').getByText('Assembling').waitFor()
      const log = page.getByRole('log', { name: 'Build log' })
      await log.getByText('line-one').waitFor()
      await page.getByRole('main').getByRole('status').getByText('Live').waitFor()
      await writeFile(one, '')
      await log.getByText('line-two').waitFor()
      proxy.cutAll()
      await writeFile(two, '')
      await log.getByText('line-three').waitFor()
      await page.getByText('Complete', { exact: true }).waitFor()
      await page.getByRole('main').getByText('Released', { exact: true }).waitFor()
      const lines = (await log.textContent())!.split('\n').filter(line => /^line-|^\s*line-/.test(line))
      assert.deepEqual(
        lines.map(line => line.trim()),
        ['line-one', 'line-two', 'line-three'],
      )
      assert.equal(await page.evaluate('window.mark'), 1)
      await page.context().close()
    } finally {
      await proxy.close()
    }
    const { json } = await bed.call('GET', '/api/v2/model/version/slow/1')
    assert.equal((json as VersionView).status, 'Released')
  })

  test('pages find back to a platform that was away', async () => {
    const proxy = await startProxy(bed.up.url)
    try {
      const page = await marked(await bed.open(`${proxy.url}/deployment_configs`))
      proxy.refuse(true)
      proxy.cutAll()
      await page.getByRole('banner').getByText('Connection lost; trying again…').waitFor()
      await bed.ok('POST', '/api/v2/deployment_configuration', { name: 'meanwhile' })
      proxy.refuse(false)
      await page.getByRole('link', { name: 'meanwhile' }).waitFor()
      await page.getByRole('banner').getByText('Live').waitFor()
      assert.equal(await page.evaluate('window.mark'), 1)
      await page.context().close()
    } finally {
      await proxy.close()
    }
  })

  test('the log of a servable streams', async () => {
    const version = await bed.release(saying('talker', 1))
    const { fullName } = await bed.serve(version)
    const page = await bed.open(`/servables/${fullName}`)
    await page.getByRole('log', { name: 'Servable log' }).getByText('talker says 1').waitFor()
    await page.context().close()
  })
})
