import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readProgramRuntime } from './program-runtime.ts'
import { isBuiltIn } from './runtime-catalogue.ts'
import { splitCommand } from './split-command.ts'

test('names of the original Python runtimes are the built-in one', () => {
  const builtIn = [
    'hydrosphere/serving-runtime-python-3.6',
    'hydrosphere/serving-runtime-python-3.7',
    'hydrosphere/serving-runtime-python-3.12',
    'hydrosphere/serving-runtime-python',
    'docker.io/hydrosphere/serving-runtime-python-3.8',
    'millrace/runtime',
  ]
  for (const name of builtIn) assert.equal(isBuiltIn(name), true, name)
  const others = ['hydrosphere/serving-runtime-tensorflow-1.7', 'acme/serving-runtime-python-3.6', 'python']
  for (const name of others) assert.equal(isBuiltIn(name), false, name)
})

test('a registration with a command is a program, others are images', () => {
  assert.deepEqual(readProgramRuntime('a/b:1', { MILLRACE_COMMAND: 'python3 main.py', LOG: '1' }), {
    choice: {
      kind: 'program',
      command: ['python3', 'main.py'],
      workingFolder: undefined,
      protocol: undefined,
    },
    generation: 'G3',
    environment: { LOG: '1' },
  })
  assert.deepEqual(
    readProgramRuntime('a/b:1', {
      MILLRACE_COMMAND: '["x"]',
      MILLRACE_WORKDIR: '/app',
      MILLRACE_GENERATION: 'g2',
    }),
    {
      choice: { kind: 'program', command: ['x'], workingFolder: '/app', protocol: 'G2' },
      generation: 'G2',
      environment: {},
    },
  )
  assert.deepEqual(readProgramRuntime('a/b:1', { MILLRACE_GENERATION: 'V2' }), {
    choice: { kind: 'image', image: 'a/b:1', protocol: 'V2' },
    generation: 'G3',
    environment: {},
  })
})

test('a command is split as a shell would, and run by none', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['a b  c', ['a', 'b', 'c']],
    [` 'a b' "c d"e f\\ g `, ['a b', 'c de', 'f g']],
    [`a "" '$HOME' "\\"\\n"`, ['a', '', '$HOME', '"\\n']],
    ['a; rm -rf $(x) | y', ['a;', 'rm', '-rf', '$(x)', '|', 'y']],
    ['["a b", "", "c"]', ['a b', '', 'c']],
  ]
  for (const [text, words] of cases) assert.deepEqual(splitCommand(text), words)
  for (const text of ['', '  ', '[]', '[1]', '["a"', `a 'b`, 'a "b', 'a \\', '""', 'a '.repeat(1_001)]) {
    assert.throws(() => splitCommand(text), { code: 'INVALID_ARGUMENT', message: /MILLRACE_COMMAND/ })
  }
})

test('whatever words are quoted come back', () => {
  const words = fc.tuple(fc.string({ minLength: 1, unit: 'grapheme' }), fc.array(fc.string()))
  fc.assert(
    fc.property(words, ([program, args]) => {
      const all = [program, ...args]
      assert.deepEqual(splitCommand(all.map(word => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')), all)
      assert.deepEqual(splitCommand(JSON.stringify(all)), all)
    }),
  )
})
