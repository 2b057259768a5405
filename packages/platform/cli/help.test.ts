import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import type { Command } from 'commander'
import { EXIT } from './exit-codes.ts'
import { createProgram } from './program.ts'
import { runCommand } from './test-command.ts'

const program = createProgram()
const commands: readonly (readonly [args: readonly string[], command: Command])[] = [
  [[], program],
  ...program.commands.flatMap(command => [
    [[command.name()], command] as const,
    ...command.commands.map(part => [[command.name(), part.name()], part] as const),
  ]),
]
const reference = await readFile(new URL('../../../docs/reference/cli.md', import.meta.url), 'utf8')

suite('help', () => {
  for (const [args] of commands) {
    test(`of ${['millrace', ...args].join(' ')} has examples`, async t => {
      const { exitCode, stdout, stderr } = await runCommand(t, [...args, '--help'])
      assert.deepEqual([exitCode, stderr], [EXIT.ok, ''])
      assert.match(stdout, /^Usage: millrace/)
      assert.match(stdout, /\nExamples:\n {2}\S/)
    })
  }

  test('without a command is shown as well, as a mistake', async t => {
    const { exitCode, stderr } = await runCommand(t, [])
    assert.equal(exitCode, EXIT.usage)
    assert.match(stderr, /^Usage: millrace/)
  })

  test('the version', async t => {
    const { exitCode, stdout } = await runCommand(t, ['--version'])
    assert.equal(exitCode, EXIT.ok)
    assert.match(stdout, /^\d+\.\d+\.\d+\n$/)
  })

  test('names every exit code', () => {
    let text = ''
    program.configureOutput({ writeOut: more => void (text += more) }).outputHelp()
    const listed = /Exit codes: (.*)/
      .exec(text)?.[1]
      ?.split(', ')
      .map(item => Number.parseInt(item, 10))
    assert.deepEqual(listed, Object.values(EXIT))
  })
})

suite('docs/reference/cli.md', () => {
  test('has every command, and no other', () => {
    const headings = Array.from(reference.matchAll(/^## `millrace (\w+)/gm), ([, name]) => name)
    assert.deepEqual(
      headings,
      program.commands.map(command => command.name()),
    )
  })

  for (const command of program.commands) {
    const section =
      reference.split(/^## /m).find(text => text.startsWith(`\`millrace ${command.name()}`)) ?? ''
    test(`has every flag of ${command.name()} in the words of its help, and no other`, () => {
      const rows = Array.from(section.matchAll(/^\| `(-[^`]+)` \| (.*) \|$/gm), ([, flags, text]) => [
        flags,
        text,
      ])
      const options = [command, ...command.commands]
        .flatMap(({ options }) => options)
        .map(({ flags, description }) => [flags, description])
      assert.deepEqual(rows, options)
    })

    test(`has the examples of ${command.name()}`, () => {
      for (const each of [command, ...command.commands]) {
        let help = ''
        each.configureOutput({ writeOut: text => void (help += text) }).outputHelp()
        const examples = /\nExamples:\n([^]*)$/.exec(help)?.[1]?.trimEnd().replaceAll(/^ {2}/gm, '')
        assert.ok(section.includes(examples ?? 'no examples'), examples)
      }
    })
  }

  test('has every exit code, and no other', () => {
    const rows = Array.from(reference.matchAll(/^\| (\d+) \| (.+) \|$/gm), ([, code]) => Number(code))
    assert.deepEqual(rows, Object.values(EXIT))
  })
})
