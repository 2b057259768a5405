import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { EXIT } from './exit-codes.ts'
import { FREE_PORTS, runCommand, startCommand, testFolder } from './test-command.ts'

const run = promisify(execFile)

/** A model that says a text, which it imports from another file. */
const MODEL = `import { said } from './parts/said.ts'

export class TestModel {
  inputs = [{ name: 'x', datatype: 'INT32', shape: [-1] }]
  outputs = [{ name: 'said', datatype: 'BYTES', shape: [1] }]
  constructor(settings: { parameters: { ending?: string } }) { this.ending = settings.parameters.ending ?? '' }
  ending: string
  predict() {
    return { outputs: [{ name: 'said', datatype: 'BYTES', shape: [1], data: [said + this.ending] }] }
  }
}
`
const saying = (text: string) => `export const said: string = ${JSON.stringify(text)}\n`
const settings = (more: object = {}) =>
  JSON.stringify({ implementation: './model.ts:TestModel', placement: 'server', ...more })
const model = (name: string, text: string, more: object = {}) => ({
  [`${name}/model-settings.json`]: settings(more),
  [`${name}/package.json`]: '{"type": "module"}',
  [`${name}/model.ts`]: MODEL,
  [`${name}/parts/said.ts`]: saying(text),
})

async function develop(t: TestContext, files: Readonly<Record<string, string>>) {
  const folder = await testFolder(t, files)
  const command = startCommand(t, ['dev', folder, ...FREE_PORTS], { cwd: folder })
  const [, rest] = await command.printed(/REST +(\S+)/)
  const write = async (path: string, text: string) => {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  return {
    command,
    folder,
    rest: rest!,
    write,
    /** Waits until so many lines have matched. */
    seen: (text: string, count = 1) =>
      command.printed(new RegExp(`^(?:(?:(?!${text})[^])*${text}){${count}}`)),
    ask: async (name: string): Promise<string> => {
      const body = '{"inputs": [{"name": "x", "datatype": "INT32", "shape": [1], "data": [1]}]}'
      const response = await fetch(`${rest}/v2/models/${name}/infer`, { method: 'POST', body })
      if (!response.ok) return String(response.status)
      const { outputs } = (await response.json()) as { outputs: { data: string[] }[] }
      return outputs[0]!.data[0]!
    },
  }
}

suite('millrace dev', () => {
  test('follows code, what the code imports, and settings; a mistake leaves the last good state serving', async t => {
    const { command, write, seen, ask } = await develop(t, model('m', 'one'))
    await seen('Every save is followed')
    assert.equal(await ask('m'), 'one')

    await write('m/parts/said.ts', saying('two'))
    await seen('m reloaded in \\d+ ms\n')
    assert.equal(await ask('m'), 'two')

    await write('m/model.ts', MODEL.replace('said + this', 'said +* this'))
    await seen('millrace: m could not be reloaded; its last good state goes on serving\n')
    await seen('  m/model\\.ts:9:\\d+\n  SyntaxError: .*\n')
    await seen('  > +9 \\|     return .*said \\+\\* this.*\n +\\| +\\^\n')
    assert.equal(await ask('m'), 'two')

    await write('m/model.ts', MODEL.replace('said + this', "said + '!' + this"))
    await seen('m reloaded', 2)
    assert.equal(await ask('m'), 'two!')

    await write('m/model-settings.json', settings({ parameters: { extra: { ending: '?' }, ending: '?' } }))
    await seen('m reloaded', 3)
    assert.equal(await ask('m'), 'two!?')

    await write('m/model-settings.json', '{"implementation": }')
    await seen('  m/model-settings\\.json:1:20\n')
    assert.equal(await ask('m'), 'two!?')

    command.child.kill('SIGINT')
    assert.equal(await command.ended, EXIT.ok)
  })

  test('shows where load() has thrown, in a file that a model in a worker imports', async t => {
    const { write, seen, ask } = await develop(
      t,
      model('m', 'one', { placement: 'worker', parallel_workers: 1 }),
    )
    await seen('Every save is followed')
    await write('m/parts/said.ts', `${saying('two')}throw new TypeError('no weights')\n`)
    await seen('  m/parts/said\\.ts:2:7\n  TypeError: no weights\n')
    assert.equal(await ask('m'), 'one')
    await write('m/parts/said.ts', saying('three'))
    await seen('m reloaded')
    assert.equal(await ask('m'), 'three')
  })

  test('begins with broken models, and waits for the fix; models come and go', async t => {
    const { folder, write, seen, ask } = await develop(t, {
      ...model('good', 'good'),
      ...model('broken', 'x'),
      'broken/parts/said.ts': '\n  export const said: = 1\n',
      ...model('unset', 'unset'),
      'unset/model-settings.json': '{\n',
    })
    await seen('models +good ready')
    await seen(
      'millrace: broken could not be loaded; it is tried again when its files change\n  broken/parts/said\\.ts:2:\\d+\n',
    )
    await seen('millrace: unset/model-settings.json could not be loaded')
    assert.deepEqual([await ask('good'), await ask('broken')], ['good', '404'])

    await write('broken/parts/said.ts', saying('mended'))
    await seen('broken loaded in \\d+ ms\n[^]*/v2/models/broken/docs')
    assert.equal(await ask('broken'), 'mended')
    await write('unset/model-settings.json', settings())
    await seen('unset loaded in')
    assert.equal(await ask('unset'), 'unset')

    for (const [path, text] of Object.entries(model('new', 'new'))) await write(path, text)
    await seen('new loaded in')
    assert.equal(await ask('new'), 'new')
    await rm(join(folder, 'new'), { recursive: true })
    await seen('new unloaded: it is no longer there')
    assert.equal(await ask('new'), '404')
  })

  test('many quick saves end with the last one; tests, dist and node_modules count for nothing', async t => {
    const { command, write, seen, ask } = await develop(t, {
      ...model('m', 'first'),
      ...model('other', 'other'),
      'm/dist/model.js': '',
      'm/node_modules/pkg/index.js': '',
    })
    await seen('Every save is followed')
    for (const path of [
      'm/model.test.ts',
      'm/README.md',
      'm/dist/model.js',
      'm/node_modules/pkg/index.js',
      'm/.swap',
    ]) {
      await write(path, 'changed')
    }
    await write('other/parts/said.ts', saying('changed'))
    await seen('other reloaded')
    assert.doesNotMatch(command.stdout, /m reloaded/)

    const saves = 20
    for (let save = 1; save <= saves; save++) await write('m/parts/said.ts', saying(`save ${save}`))
    for (let reloads = 1; reloads <= saves; reloads++) {
      await seen('m reloaded', reloads)
      if ((await ask('m')) === `save ${saves}`) return
    }
    assert.fail('the last save is not served')
  })

  test('prints where it is, and for each model its page and a line that works', async t => {
    const { command, folder, rest, seen } = await develop(t, {
      ...model('a', 'from a'),
      ...model('b', 'from b'),
    })
    await seen('gRPC +127\\.0\\.0\\.1:\\d+\n')
    await seen('metrics +http:\\S+/metrics\n')
    await seen('Every save is followed')
    assert.match(command.stdout, new RegExp(`docs +${rest}/v2/docs\n`))
    assert.equal((await fetch(`${rest}/v2/docs`)).status, 200)
    const lines = command.stdout.match(/^curl .*$/gm) ?? []
    assert.equal(lines.length, 2)
    for (const [index, line] of lines.entries()) {
      const { stdout } = await run('sh', ['-c', line], { cwd: folder })
      assert.match(stdout, index === 0 ? /from a/ : /from b/)
    }
    for (const name of ['a', 'b']) {
      const [page] = new RegExp(`http\\S+/v2/models/${name}/docs`).exec(command.stdout) ?? []
      assert.equal((await fetch(page!)).status, 200)
    }
  })
})

suite('millrace dev refuses', () => {
  test('a folder that is missing', async t => {
    const { exitCode, stderr } = await runCommand(t, ['dev', '/nowhere'])
    assert.equal(exitCode, EXIT.configuration)
    assert.match(stderr, /^millrace: there is no file or folder \/nowhere; name the folder/)
  })

  test('a URI', async t => {
    const { exitCode, stderr } = await runCommand(t, ['dev', 's3://bucket/models'])
    assert.equal(exitCode, EXIT.configuration)
    assert.match(stderr, /^millrace: s3:\/\/bucket\/models is no folder of this machine; .*millrace serve\n$/)
  })

  test("a repository of the operator's own", async t => {
    const folder = await testFolder(t, {
      'settings.json': '{"model_repository_implementation": "./r.ts:Own"}',
    })
    const { exitCode, stderr } = await runCommand(t, ['dev', folder, ...FREE_PORTS])
    assert.equal(exitCode, EXIT.configuration)
    assert.match(stderr, /^millrace: model_repository_implementation is set; /)
  })
})
