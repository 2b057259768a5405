import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { violationsOf } from './bed/axe.ts'
import { labelsOf } from './bed/labels-of.ts'
import { skipBrowser, startUiBed } from './bed/ui-bed.ts'
import { until } from './bed/until.ts'

const SAMPLES = fileURLToPath(new URL('../../examples/start', import.meta.url))
const APPLICATION = 'iris-species'

suite('every page of the samples', { concurrency: 1, skip: skipBrowser }, async () => {
  if (skipBrowser !== false) return
  const bed = await startUiBed({ args: ['--apply', SAMPLES] })
  await until(bed.up.printed, text => /Ctrl\+C stops it/.test(text))
  const { executionGraph } = await bed.applicationIn(APPLICATION, 'Ready')
  const servable = executionGraph.stages[0]!.modelVariants[0]!.servableName!
  const pages: Readonly<Record<string, RegExp>> = {
    '/': /Models/,
    '/models': /iris/,
    '/models/iris': /Versions|Released/,
    '/models/iris/1': /Signature/,
    '/models/iris/1/monitoring': /No requests|batch/,
    '/models/iris/1/profile/measurements': /Training|profile/,
    '/models/nobody': /There is no model nobody/,
    '/models/iris/99': /There is no version iris:99/,
    '/applications': /iris-species/,
    [`/applications/${APPLICATION}`]: /Stage 1/,
    [`/applications/${APPLICATION}/edit`]: /Stage 1/,
    '/applications/nothing': /There is no application nothing/,
    '/new/application': /Add stage/,
    '/servables': /iris/,
    [`/servables/${servable}`]: /Log/,
    '/servables/none': /There is no servable none/,
    '/deployment_configs': /hydrosphere_manager_default/,
    '/deployment_configs/hydrosphere_manager_default': /As it is stored/,
    '/deployment_configs/none': /There is no deployment configuration none/,
    '/new/deployment_config': /Replicas/,
    '/nowhere/at/all': /There is no page at this address/,
  }

  for (const [path, text] of Object.entries(pages)) {
    test(`${path} is usable by everybody, in light and dark, also at 400 pixels`, async () => {
      const page = await bed.open(path, { reducedMotion: 'reduce' })
      await page.getByRole('main').getByText(text).first().waitFor()
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme })
        await page.locator(`html[data-mantine-color-scheme=${colorScheme}]`).waitFor()
        assert.deepEqual(await violationsOf(page), [], `${path} in ${colorScheme}`)
      }
      await page.setViewportSize({ width: 400, height: 800 })
      await page.getByRole('main').getByText(text).first().waitFor()
      const width = await page.evaluate('document.documentElement.scrollWidth')
      assert.ok(Number(width) <= 400, `${path} is ${String(width)} pixels wide`)
      assert.deepEqual(await violationsOf(page), [], `${path} at 400 pixels`)
      await page.context().close()
    })
  }

  test('dialogs, tabs and the test panel are usable by everybody', async () => {
    const page = await bed.open(`/applications/${APPLICATION}`, { reducedMotion: 'reduce' })
    await page.getByRole('button', { name: 'Test' }).click()
    await page.getByRole('button', { name: 'Send' }).click()
    await page.getByText(/ms, seen from here/).waitFor()
    assert.deepEqual(await violationsOf(page), [])
    for (const name of ['cURL', 'Python', 'TypeScript']) {
      await page.getByRole('tab', { name }).click()
      await page.getByRole('group', { name }).waitFor()
      assert.deepEqual(await violationsOf(page), [], name)
    }
    await page.getByRole('button', { name: 'Build information' }).click()
    await page.getByRole('dialog').getByText('Manager').waitFor()
    assert.deepEqual(await violationsOf(page), [])
    await page.context().close()
  })

  test('pages are reached by keyboard, and the new page has the focus', async () => {
    const page = await bed.open('/models')
    await page.getByRole('banner').getByText('Live').waitFor()
    await page.keyboard.press('Tab')
    assert.equal(await page.evaluate('document.activeElement.textContent'), 'Skip to the content')
    await page.getByRole('navigation').getByRole('link', { name: 'Applications' }).focus()
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'Applications' }).waitFor()
    await page.waitForFunction('document.activeElement?.id === "main"')
    await page.context().close()
  })

  test('favourites, filter and colours are kept', async () => {
    const page = await bed.open('/models')
    const star = page.getByRole('button', { name: 'Favourite species' })
    await star.click()
    await page.getByRole('button', { name: /Change to dark colours/ }).click()
    await page.reload()
    await page.locator('[aria-pressed=true][aria-label="Favourite species"]').waitFor()
    const names = await labelsOf(page.getByRole('button', { name: /^Favourite/ }))
    assert.deepEqual(names, ['Favourite species', 'Favourite iris'])
    assert.equal(await page.locator('html').getAttribute('data-mantine-color-scheme'), 'dark')
    await page.getByLabel('Filter by name').fill('IR')
    await star.waitFor({ state: 'detached' })
    await page.getByLabel('Filter by name').fill('nothing like it')
    await page.getByText('No model suits.').waitFor()
    await page.context().close()
  })

  test('no page has complained', () => {
    assert.deepEqual(bed.complaints, [])
  })
})
