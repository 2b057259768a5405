import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { stripTypeScriptTypes } from 'node:module'
import { test } from 'node:test'
import { curlSnippet, pythonSnippet, typescriptSnippet } from './snippets.ts'

const BODY = `{\n  "text": "it's \\"so\\" $HOME \`x\` 😀"\n}`
const request = { url: 'http://127.0.0.1:8080/gateway/application/a', body: BODY }

test('a shell hands curl the body as it is', () => {
  const script = curlSnippet(request).replace(/^curl -s/, 'printf "%s\\n"')
  const printed = execFileSync('sh', ['-c', script], { encoding: 'utf8' })
  assert.equal(printed, `${request.url}\n-H\ncontent-type: application/json\n-d\n${BODY}\n`)
})

test('TypeScript sends what the body says', () => {
  const program = stripTypeScriptTypes(typescriptSnippet(request))
  const [, expression = ''] = /JSON\.stringify\(([^]*?)\),\n\}\)/.exec(program) ?? []
  assert.deepEqual(JSON.parse(expression), JSON.parse(BODY))
})

test('Python gets the body as one text', () => {
  const [, literal = ''] = /data=(".*"),/.exec(pythonSnippet(request)) ?? []
  assert.equal(JSON.parse(literal), BODY)
})
