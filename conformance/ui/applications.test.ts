import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import type { Locator, Page } from 'playwright-core'
import { type ApplicationView, applicationBody, field } from '../hydrosphere/bed/manager-calls.ts'
import { registerScripted, scripted } from '../hydrosphere/bed/up-bed.ts'
import { saying } from './bed/models.ts'
import { skipBrowser, startUiBed } from './bed/ui-bed.ts'

const DOUBLE = field('y', 'DOUBLE', [])
const INPUT = field('x', 'DOUBLE', [])
/** Those that tensors have and messages of the third generation can name, with the values that the table of dummy inputs gives them. */
const DTYPES: Readonly<Record<string, number | string | boolean>> = {
  FLOAT: 1,
  DOUBLE: 1,
  HALF: 1,
  INT8: 1,
  INT16: 1,
  INT32: 1,
  INT64: 1,
  UINT8: 1,
  UINT16: 1,
  UINT32: 1,
  UINT64: 1,
  STRING: 'foo',
  BOOL: true,
}
/** Those that no tensor has: they are made up as the table says, and refused by name. */
const UNSUPPORTED: Readonly<Record<string, unknown>> = {
  COMPLEX64: [1, 0],
  COMPLEX128: [1, 0],
  QINT8: 1,
  QINT16: 1,
  QINT32: 1,
  QUINT8: 1,
  QUINT16: 1,
}
const ANSWERS_ONE = `export const predict = () => [{ name: 'y', datatype: 'FP64', shape: [], data: [1] }]\n`

/** The text of an editor, as one reads it. */
async function textOf(editor: Locator): Promise<string> {
  return (await editor.locator('.cm-line').allTextContents()).join('\n')
}

async function isDisabled(page: Page): Promise<boolean> {
  return page.getByRole('button', { name: 'Test', exact: true }).isDisabled()
}

suite('applications', { concurrency: 1, skip: skipBrowser }, async () => {
  if (skipBrowser !== false) return
  const bed = await startUiBed()
  await registerScripted(bed)
  const folder = await mkdtemp(join(tmpdir(), 'millrace-ui-applications-'))
  after(() => rm(folder, { recursive: true }))

  test('check 96: the graph shows stages, variants, weights and states, and upgrades a variant', async () => {
    const one = await bed.release(saying('one', 1))
    const through = `export const predict = inputs => [{ ...inputs[0], name: 'x' }]\n`
    const pass = await bed.release(scripted('pass', through, [INPUT], [INPUT]))
    const other = await bed.release(saying('other', 2))
    await bed.ready('shop', [
      [[pass.id, 100]],
      [
        [one.id, 80],
        [other.id, 20],
      ],
    ])
    const page = await bed.open('/applications/shop')
    const [first, second] = [
      page.getByRole('region', { name: 'Stage 1' }),
      page.getByRole('region', { name: 'Stage 2' }),
    ]
    await first.getByRole('link', { name: 'pass:1' }).waitFor()
    await first.getByText('100 %').waitFor()
    await second.getByRole('link', { name: 'one:1' }).waitFor()
    await second.getByText('80 %').waitFor()
    await second.getByRole('link', { name: 'other:1' }).waitFor()
    await second.getByText('20 %').waitFor()
    await page.waitForFunction('document.querySelectorAll(".stage-graph").length === 1')
    assert.equal(await page.locator('.stage-graph').getByText('Serving', { exact: true }).count(), 3)
    assert.equal(await page.getByRole('button', { name: /^Upgrade/ }).count(), 0)

    await bed.release(saying('one', 10))
    await second.getByRole('button', { name: 'Upgrade to one:2' }).click()
    await second.getByRole('link', { name: 'one:2' }).waitFor()
    await second.getByText('80 %').waitFor()
    const { executionGraph } = await bed.applicationIn('shop', 'Ready')
    assert.deepEqual(
      executionGraph.stages[1]!.modelVariants.map(({ weight }) => weight),
      [80, 20],
    )

    await second.getByRole('button', { name: 'More about other:1' }).click()
    await page.getByRole('menuitem', { name: 'Details' }).click()
    await page.getByRole('heading', { name: 'other:1' }).waitFor()
    await page.context().close()
  })

  test('check 96: the form refuses weights that do not sum to 100, and saves those that do', async () => {
    const page = await bed.open('/applications/shop/edit')
    const puts: string[] = []
    page.on('request', request => {
      if (request.method() === 'PUT') puts.push(request.postData() ?? '')
    })
    const weight = page.getByLabel('Weight of stage 2, variant 1')
    await weight.fill('70')
    await page.getByRole('alert').getByText('Sum of weights must be equal 100. Current sum: 90').waitFor()
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByLabel('Weight of stage 2, variant 2').fill('30')
    await page.getByRole('alert').waitFor({ state: 'detached' })
    assert.deepEqual(puts, [])
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('region', { name: 'Stage 2' }).getByText('70 %').waitFor()
    assert.equal(puts.length, 1)
    const { executionGraph } = await bed.ok<ApplicationView>('GET', '/api/v2/application/shop')
    assert.deepEqual(
      executionGraph.stages[1]!.modelVariants.map(({ weight }) => weight),
      [70, 30],
    )
    await page.context().close()
  })

  test('the form creates an application, and shows what the server refuses', async () => {
    const page = await bed.open('/new/application')
    await page.getByLabel('Name').fill('no spaces')
    await page.getByText("Only Latin letters, digits, '-' and '_' are allowed").waitFor()
    await page.getByLabel('Name').fill('shop')
    await page.getByText('There is an application shop already').waitFor()
    await page.getByLabel('Name').fill('made-here')
    await page.getByRole('combobox', { name: 'Model version of stage 1, variant 1' }).click()
    await page.getByRole('option', { name: 'one:2' }).click()
    // Of one variant in one stage the second stage does not fit: the server says so.
    await page.getByRole('button', { name: 'Add stage' }).click()
    await page.getByRole('combobox', { name: 'Model version of stage 2, variant 1' }).click()
    await page.getByRole('option', { name: 'other:1' }).click()
    await page.getByRole('button', { name: 'Create' }).click()
    await page.getByRole('alert').getByText('It was not created').waitFor()
    await page.getByRole('button', { name: 'Remove stage 2' }).click()
    await page.getByRole('button', { name: 'Create' }).click()
    await page.getByRole('heading', { name: 'made-here' }).waitFor()
    await bed.applicationIn('made-here', 'Ready')
    await page.context().close()
  })

  test('check 97: the Test button waits until the application is ready', async () => {
    const gate = join(folder, 'gate')
    const waits = `import { existsSync } from 'node:fs'\nwhile (!existsSync(${JSON.stringify(gate)})) await new Promise(resolve => setTimeout(resolve, 20))\n`
    const { id } = await bed.release(scripted('patient', waits + ANSWERS_ONE, [DOUBLE], [DOUBLE]))
    await bed.ok('POST', '/api/v2/application', applicationBody('patience', [[[id, 100]]]))
    const page = await bed.open('/applications/patience')
    await page.getByText('Assembling', { exact: true }).waitFor()
    assert.equal(await isDisabled(page), true)
    await writeFile(gate, '')
    await page.getByText('Ready', { exact: true }).waitFor()
    assert.equal(await isDisabled(page), false)
    await page.context().close()
  })

  test('check 97: dummy inputs of every type and shape are answered', async () => {
    const shapes = { scalar: [], pairs: [-1, 2], any: null } as const
    const fields = Object.keys(DTYPES).flatMap(dtype =>
      Object.entries(shapes).map(([shape, dims]) =>
        field(`${dtype.toLowerCase()}_${shape}`, dtype, dims, 'NONE'),
      ),
    )
    const { id } = await bed.release(scripted('all-types', ANSWERS_ONE, fields, [DOUBLE]))
    await bed.ready('everything', [[[id, 100]]])
    const expected: Record<string, unknown> = {}
    for (const [dtype, value] of Object.entries(DTYPES)) {
      expected[`${dtype.toLowerCase()}_scalar`] = value
      expected[`${dtype.toLowerCase()}_pairs`] = [[value, value]]
      expected[`${dtype.toLowerCase()}_any`] = [value]
    }
    assert.deepEqual(await bed.ok('GET', '/api/v2/application/generateInputs/everything'), expected)
    assert.deepEqual((await bed.ask('everything', expected)).json, { y: 1 })

    const page = await bed.open('/applications/everything')
    await page.getByRole('button', { name: 'Test', exact: true }).click()
    await page.getByRole('textbox', { name: 'Request as JSON' }).waitFor()
    await page.getByRole('button', { name: 'Send' }).click()
    const answer = page.getByRole('textbox', { name: 'Answer as JSON' })
    await answer.waitFor()
    assert.deepEqual(JSON.parse(await textOf(answer)), { y: 1 })
    await page.context().close()
    for (const [dtype, value] of Object.entries(DTYPES)) {
      const one = await bed.release(scripted('one-type', ANSWERS_ONE, [field('x', dtype, [2])], [DOUBLE]))
      await bed.ready(`of-${dtype}`, [[[one.id, 100]]])
      const dummy = await bed.ok<object>('GET', `/api/v2/application/generateInputs/of-${dtype}`)
      assert.deepEqual(dummy, { x: [value, value] })
      assert.deepEqual((await bed.ask(`of-${dtype}`, dummy)).json, { y: 1 }, dtype)
      await bed.ok('DELETE', `/api/v2/application/of-${dtype}`)
    }
  })

  test('check 97: types that no tensor has are made up as well, and refused by the name of their field', async () => {
    for (const [dtype, value] of Object.entries(UNSUPPORTED)) {
      const { id } = await bed.release(scripted('odd', ANSWERS_ONE, [field('odd_one', dtype, [])], [DOUBLE]))
      const name = `odd-${dtype}`
      await bed.ready(name, [[[id, 100]]])
      const dummy = await bed.ok<object>('GET', `/api/v2/application/generateInputs/${name}`)
      assert.deepEqual(dummy, { odd_one: value })
      const { status, json } = await bed.ask(name, dummy)
      assert.equal(status, 501)
      assert.match(JSON.stringify(json), new RegExp(`odd_one.*DT_${dtype}`))
      await bed.ok('DELETE', `/api/v2/application/${name}`)
    }
  })

  test('a request is edited, checked, sent, and written for programs', async () => {
    const page = await bed.open('/applications/made-here')
    await page.getByRole('button', { name: 'Test', exact: true }).click()
    const request = page.getByRole('textbox', { name: 'Request as JSON' })
    await request.fill('{"x": ')
    await page.getByRole('alert').getByText(/JSON/).waitFor()
    assert.equal(await page.getByRole('button', { name: 'Send' }).isDisabled(), true)
    await request.fill('{"x": "no number"}')
    await page.getByRole('button', { name: 'Send' }).click()
    await page
      .getByRole('alert')
      .getByText(/"no number" is not a number/)
      .waitFor()
    await request.fill('{"x": 5}')
    await page.getByRole('button', { name: 'Send' }).click()
    await page.getByRole('textbox', { name: 'Answer as JSON' }).getByText('10').waitFor()
    await page.getByRole('tab', { name: 'cURL' }).click()
    const curl = await page.getByRole('group', { name: 'cURL' }).textContent()
    assert.match(curl!, new RegExp(`^curl -s '${bed.up.url}/gateway/application/made-here'`))
    assert.match(curl!, /-d '\{"x": 5\}'$/)
    await page.context().close()
  })
})
