import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { registerScripted } from '../hydrosphere/bed/up-bed.ts'
import { saying } from './bed/models.ts'
import { skipBrowser, startUiBed } from './bed/ui-bed.ts'

suite('deletions', { concurrency: 1, skip: skipBrowser }, async () => {
  if (skipBrowser !== false) return
  const bed = await startUiBed()
  await registerScripted(bed)

  test('check 98: what is refused stays, and the reason of the server is shown', async () => {
    const { id } = await bed.release(saying('needed', 1))
    await bed.ok('POST', '/api/v2/deployment_configuration', {
      name: 'used',
      deployment: { replicaCount: 1 },
    })
    const { executionGraph } = await bed.ready('user', [[[id, 100]]], {
      executionGraph: {
        stages: [{ modelVariants: [{ modelVersionId: id, weight: 100, deploymentConfigName: 'used' }] }],
      },
    })
    const servable = executionGraph.stages[0]!.modelVariants[0]!.servableName!
    const cases: readonly (readonly [path: string, button: string, reason: RegExp, list: string])[] = [
      ['/models/needed', 'Delete model needed', /It's used in \[user\]/, '/models'],
      ['/servables', `Delete servable ${servable}`, /user/, '/servables'],
      ['/deployment_configs', 'Delete deployment configuration used', /used/, '/deployment_configs'],
    ]
    for (const [path, button, reason, list] of cases) {
      const page = await bed.open(path)
      await page.getByRole('button', { name: button }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByRole('button', { name: 'Delete' }).click()
      await dialog.getByRole('alert').getByText(reason).waitFor()
      await dialog.getByRole('button', { name: 'Cancel' }).click()
      await dialog.waitFor({ state: 'detached' })
      assert.equal(await page.getByRole('button', { name: button }).count(), 1)
      await page.goto(bed.up.url + list)
      const name = /^Delete (?:\S+ )*?(\S+)$/.exec(button)![1]!
      await page.getByRole('link', { name, exact: true }).waitFor()
      await page.context().close()
    }
  })

  test('what is not needed goes', async () => {
    const page = await bed.open('/applications/user')
    await page.getByRole('button', { name: 'Remove application user' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
    await page.getByText('There are no applications yet.').waitFor()
    await page.goto(`${bed.up.url}/models/needed`)
    await page.getByRole('button', { name: 'Delete model needed' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await page.getByText('There are no models yet.').waitFor()
    await page.goto(`${bed.up.url}/deployment_configs`)
    await page.getByRole('button', { name: 'Delete deployment configuration used' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await page.getByRole('link', { name: 'used', exact: true }).waitFor({ state: 'detached' })
    await page.context().close()
  })

  test('a configuration is created from its form', async () => {
    const page = await bed.open('/new/deployment_config')
    await page.getByRole('button', { name: 'Create' }).click()
    await page.getByText('Give the configuration a name').waitFor()
    await page.getByLabel('Name').fill('large')
    await page.getByLabel('CPU limit').fill('2')
    await page.getByLabel('Environment variables').fill('A=b')
    await page.getByLabel('Replicas', { exact: true }).fill('2')
    await page.getByRole('button', { name: 'Create' }).click()
    await page.getByRole('heading', { name: 'large' }).waitFor()
    const { json } = await bed.call('GET', '/api/v2/deployment_configuration/large')
    assert.partialDeepStrictEqual(json, {
      container: { resources: { limits: { cpu: '2' } }, env: { A: 'b' } },
      deployment: { replicaCount: 2 },
    })
    await page.context().close()
  })
})
