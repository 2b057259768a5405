import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { field } from '../hydrosphere/bed/manager-calls.ts'
import { registerScripted, scripted, type UpBed } from '../hydrosphere/bed/up-bed.ts'
import { violationsOf } from './bed/axe.ts'
import { labelsOf } from './bed/labels-of.ts'
import { skipBrowser, startUiBed } from './bed/ui-bed.ts'
import { until } from './bed/until.ts'

const number = (name: string) => field(name, 'DOUBLE', [])
const THROUGH = `export const predict = inputs => [{ ...inputs[0], name: 'y' }]\n`
/** A tenth of what went in. */
const TENTH = `export const predict = inputs => [{ name: 'value', datatype: 'FP64', shape: [], data: [Number(inputs.find(({ name }) => name === 'x').data[0]) / 10] }]\n`
async function train(bed: UpBed, versionId: number): Promise<void> {
  const csv = `x,y\n${Array.from({ length: 11 }, (_, index) => `${index},${index}`).join('\n')}\n`
  const answer = await fetch(`${bed.up.url}/monitoring/profiles/batch/${versionId}`, {
    method: 'POST',
    body: csv,
  })
  assert.equal(answer.status, 200, await answer.text())
  await until(
    () => bed.ok<{ kind: string }>('GET', `/monitoring/profiles/batch/${versionId}/status`),
    ({ kind }) => kind === 'Success',
  )
}

suite('monitoring', { concurrency: 1, skip: skipBrowser }, async () => {
  if (skipBrowser !== false) return
  const bed = await startUiBed()
  await registerScripted(bed)
  const watched = await bed.release({
    ...scripted('watched', THROUGH, [number('x')], [number('y')]),
    more: { monitoringConfiguration: { batchSize: 3 } },
  })
  const metric = await bed.release(scripted('outliers', TENTH, [number('x')], [number('value')]))
  await train(bed, watched.id)
  await bed.ready('watch', [[[watched.id, 100]]])
  const path = '/models/watched/1/monitoring'

  test('check 99: metrics are added in their dialog', async () => {
    const page = await bed.open(path)
    await page.getByText('No requests in this time.').waitFor()
    await page.getByRole('button', { name: 'Configure metrics' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('No metric watches this version yet.').waitFor()
    await dialog.getByLabel('Name').fill('outlier')
    await dialog.getByRole('combobox', { name: 'Monitoring model' }).click()
    await page.getByRole('option', { name: 'outliers:1' }).click()
    await dialog.getByLabel('Threshold').fill('0.97')
    await dialog.getByRole('button', { name: 'Add metric' }).click()
    const row = dialog.getByRole('row', { name: /outlier/ })
    await row.getByText('value < 0.97').waitFor()
    await row.getByText('Serving', { exact: true }).waitFor()
    assert.deepEqual(await violationsOf(page), [])
    const specifications = await bed.ok<readonly { config: { modelVersionId: number } }[]>(
      'GET',
      `/api/v2/monitoring/metricspec/modelversion/${watched.id}`,
    )
    assert.deepEqual(
      specifications.map(({ config }) => config.modelVersionId),
      [metric.id],
    )
    await page.context().close()
  })

  test('check 99: batches, their requests, latency and metrics', async () => {
    for (const x of [1, 2, 3, 4, 5, 6, 11]) assert.deepEqual((await bed.ask('watch', { x })).json, { y: x })
    await until(
      () => bed.ok<readonly object[]>('GET', `/monitoring/checks/all/${watched.id}`),
      checks => checks.length === 7,
    )
    const page = await bed.open(path)
    const grid = page.getByRole('table', { name: 'Checks by batch' })
    await grid.waitFor()
    const batches = await labelsOf(grid.getByRole('button'))
    assert.deepEqual(batches, ['Batch 1, 1 requests', 'Batch 2, 3 requests', 'Batch 3, 3 requests'])
    const cells = async (row: RegExp) =>
      grid.getByRole('row', { name: row }).getByRole('cell').allTextContents()
    assert.deepEqual(await cells(/^x input/), ['1 of 2 passed', '6 of 6 passed', '6 of 6 passed'])
    assert.deepEqual(await cells(/^y output/), ['1 of 2 passed', '6 of 6 passed', '6 of 6 passed'])
    assert.deepEqual(await cells(/^outlier metric/), ['0 of 1 passed', '3 of 3 passed', '3 of 3 passed'])

    await page.getByRole('heading', { name: 'Batch of 1 request' }).waitFor()
    await page.getByText('Failed (1)').click()
    await page.getByRole('button', { name: /failed/ }).click()
    const failed = page.getByRole('table', { name: 'Checks of the request' })
    await failed
      .getByRole('row', { name: /<= max 11 10 failed/ })
      .first()
      .waitFor()
    await failed.getByRole('row', { name: /outlier .*1\.1 0\.97 failed/ }).waitFor()
    assert.deepEqual(await violationsOf(page), [])

    await grid.getByRole('button', { name: 'Batch 1, 1 requests' }).press('ArrowRight')
    await page.getByRole('heading', { name: 'Batch of 3 requests' }).waitFor()
    await page.getByText('All (3)').waitFor()
    await page.getByRole('img', { name: /^Latency in ms: 3 values/ }).waitFor()
    await page.getByRole('img', { name: 'outlier: 3 values from 0.4 to 0.6; threshold 0.97' }).waitFor()

    await page.getByLabel('Till').fill('2020-01-01T00:00')
    await page.getByText('No requests in this time.').waitFor()
    await page.getByRole('button', { name: 'All times' }).click()
    await grid.waitFor()
    await page.context().close()
    assert.deepEqual(bed.complaints, [])
  })

  test('check 99: the profile of a field, from training and from requests', async () => {
    const page = await bed.open('/models/watched/1/profile/x')
    await page.getByText('Success').waitFor()
    const [training, production] = [
      page.getByRole('region', { name: 'Training' }),
      page.getByRole('region', { name: 'Production' }),
    ]
    await training.getByRole('img', { name: /^Distribution of x_0/ }).waitFor()
    await training.getByRole('row', { name: 'Count 11' }).first().waitFor()
    await training.getByRole('row', { name: 'Max 10' }).waitFor()
    await production.getByRole('row', { name: 'Max 11' }).waitFor()
    assert.deepEqual(await violationsOf(page), [])
    await page.context().close()
  })

  test('the drift report says what it waits for, and is made on demand', async () => {
    const page = await bed.open(path)
    const drift = page.getByRole('region', { name: 'Drift' })
    await drift.getByText('There is no drift report yet.').waitFor()
    await drift.getByText(/400/).waitFor()
    for (let index = 0; index < 400; index++) await bed.ask('watch', { x: 100 + (index % 20) })
    await until(
      () => bed.ok<{ supported: boolean }>('GET', `/stat/support?model_version_id=${watched.id}`),
      ({ supported }) => supported,
    )
    await page.reload()
    await drift.getByRole('button', { name: 'Make drift report' }).click()
    const row = drift.getByRole('table', { name: 'Drift by input' }).getByRole('row', { name: /^x \d+ %/ })
    await row.waitFor()
    assert.doesNotMatch((await row.textContent())!, /nothing/)
    assert.deepEqual(await violationsOf(page), [])
    await page.context().close()
  })

  test('check 99: metrics are deleted in their dialog', async () => {
    const page = await bed.open(path)
    await page.getByRole('button', { name: 'Configure metrics' }).click()
    await page.getByRole('button', { name: 'Delete metric outlier' }).click()
    await page
      .getByRole('dialog', { name: /Delete metric outlier/ })
      .getByRole('button', { name: 'Delete' })
      .click()
    await page.getByText('No metric watches this version yet.').waitFor()
    await page.context().close()
  })
})
