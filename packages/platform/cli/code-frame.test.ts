import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { suite, test } from 'node:test'

/** In a process of its own: whether there are colours is decided when one begins. */
function frameOf(args: readonly [string, number, number?], env: Readonly<Record<string, string>>): string {
  const module = JSON.stringify(new URL('./code-frame.ts', import.meta.url).href)
  const program = `import { codeFrame } from ${module}
process.stdout.write(codeFrame(...${JSON.stringify(args)}))`
  const { FORCE_COLOR: _forced, NO_COLOR: _none, CI: _ci, ...variables } = process.env
  return spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    env: { ...variables, ...env },
    encoding: 'utf8',
  }).stdout
}

const SOURCE = Array.from({ length: 12 }, (_, index) => `\tline ${index + 1};`).join('\n')

suite('a code frame', () => {
  test('shows two lines before and after, and a caret; plain where there is no terminal', () => {
    assert.equal(
      frameOf([SOURCE, 9, 7], {}),
      '     7 | \tline 7;\n     8 | \tline 8;\n  >  9 | \tline 9;\n       | \t     ^\n    10 | \tline 10;\n    11 | \tline 11;\n',
    )
  })

  test('puts the caret behind the line without a column', () => {
    assert.equal(frameOf(['a = (\n', 1], {}), '  > 1 | a = (\n      |      ^\n    2 |\n')
  })

  test('has colours where they are wanted', () => {
    assert.ok(frameOf(['a', 1, 1], { FORCE_COLOR: '1' }).includes('\u001B[31m^\u001B[39m'))
  })

  test('shows the beginning of long lines, and nothing of lines that are not there', () => {
    const wide = frameOf(['x'.repeat(100_000), 1, 90_000], {})
    assert.equal(wide, `  > 1 | ${'x'.repeat(160)} …\n`)
    assert.equal(frameOf(['a', 2, 1], {}), '')
  })
})
