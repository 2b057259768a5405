import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { ERROR_CODES } from '../packages/sdk/errors/index.ts'
import { referencePages } from './reference-pages.ts'

for (const [file, text] of referencePages()) {
  test(`docs/reference/${file} says what the code says`, async () => {
    const page = await readFile(new URL(`../docs/reference/${file}`, import.meta.url), 'utf8')
    assert.equal(page, text, 'run: npm run docs')
  })
}

test('every error code has a meaning', () => {
  const page = referencePages().get('errors.md')!
  for (const code of ERROR_CODES)
    assert.match(page, new RegExp(`^\\| \`${code}\` \\| \\d+ \\| \\d+ \\| [A-Z]`, 'm'))
})

test('the schemas are what editors can read', () => {
  for (const name of ['server', 'model']) {
    const schema = JSON.parse(referencePages().get(`schemas/${name}-settings.schema.json`)!) as {
      $schema: string
      properties: Record<string, { title?: string; description?: string }>
    }
    assert.equal(schema.$schema, 'https://json-schema.org/draft/2020-12/schema')
    for (const [field, { title, description }] of Object.entries(schema.properties)) {
      assert.ok(title && description, `${name}: ${field}`)
    }
  }
})
