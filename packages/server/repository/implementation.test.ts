import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { promisify } from 'node:util'
import { bindModel, type ModelSettings, type RequestContext, type Tensor } from '@millrace/sdk'
import { loadImplementation, placementOf } from './implementation.ts'
import { RUNTIME_ALIASES } from './implementation-text.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'implementation-'))
  // What an author's `npm install` does.
  await mkdir(join(folder, 'node_modules/@millrace'), { recursive: true })
  await symlink(join(import.meta.dirname, '../../sdk'), join(folder, 'node_modules/@millrace/sdk'))
})
afterEach(() => rm(folder, { recursive: true }))

async function place(name: string, content: string): Promise<string> {
  const path = join(folder, name)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, content)
  return path
}

const settingsFor = (implementation: string): ModelSettings & { implementationOrigin: string } => ({
  name: 'sum',
  version: undefined,
  implementation,
  folder,
  uri: folder,
  platform: '',
  versionNotes: [],
  inputs: [],
  outputs: [],
  enforceContract: true,
  contentType: undefined,
  extra: {},
  parameters: {},
  implementationOrigin: join(folder, 'model-settings.json'),
})

const context = {
  headers: {},
  signal: new AbortController().signal,
  deadlineMs: Number.POSITIVE_INFINITY,
} as RequestContext
const inputs: Tensor[] = [{ name: 'x', datatype: 'FP64', shape: [3], data: Float64Array.of(1, 2, 3) }]

/** Loads a model as the server does and asks it once. */
async function answer(implementation: string): Promise<unknown> {
  const settings = settingsFor(implementation)
  const model = new (await loadImplementation(settings))(settings)
  await model.load?.({} as never)
  const { outputs } = await bindModel(model).predict({ modelName: 'sum', inputs }, context)
  return outputs[0]?.data[Symbol.iterator]().next().value
}

async function* requests() {
  yield { modelName: 'sum', inputs }
}

async function failure(implementation: string): Promise<string> {
  try {
    const settings = settingsFor(implementation)
    await loadImplementation(settings)
  } catch (error) {
    const { code, message } = error as { code: string; message: string }
    return `${code} ${message.replaceAll(folder, '<folder>')}`
  }
  throw new assert.AssertionError({ message: `${implementation} was accepted` })
}

const output = (value: string) =>
  `{ outputs: [{ name: 'y', datatype: 'FP64', shape: [1], data: [${value}] }] }`
const at = "<folder>/model-settings.json: implementation '"

test('a class that extends Model', async () => {
  await place(
    'model.ts',
    `import { type InferenceRequest, Model } from '@millrace/sdk'
     export class Sum extends Model {
       override predict(request: InferenceRequest) {
         let total: number = 0
         for (const value of request.inputs[0]!.data) total += Number(value)
         return ${output('total')}
       }
     }`,
  )
  assert.equal(await answer('./model.ts:Sum'), 6)
})

test('a class with a contract keeps its own form', async () => {
  await place(
    'model.ts',
    `import { ContractModel, defineContract } from '@millrace/sdk'
     const contract = defineContract({
       inputs: { x: { datatype: 'FP64', shape: [-1] } },
       outputs: { y: { datatype: 'FP64', shape: [-1] } },
     })
     export default class extends ContractModel(contract) {
       override predict({ x }: { x: { data: Float64Array } }) { return { y: [x.data.length] } }
     }`,
  )
  assert.equal(await answer('./model.ts'), 3)
  const settings = settingsFor('./model.ts')
  const model = new (await loadImplementation(settings))(settings)
  assert.equal(Reflect.get(model, 'predictStream'), undefined)
})

test('a class that extends nothing gets what Model would have given it', async () => {
  await place(
    'model.js',
    `export class Bare {
       constructor({ name }) { this.given = name }
       load() { this.length = this.given.length + this.settings.name.length }
       predict() { return ${output('this.length')} }
     }
     export class Streaming { async *predictStream(requests) { for await (const _ of requests) yield ${output('1')} } }`,
  )
  assert.equal(await answer('./model.js:Bare'), 6)
  const settings = settingsFor('./model.js:Bare')
  const model = new (await loadImplementation(settings))(settings)
  assert.deepEqual([model.settings, model.inputs, model.outputs, model.isReady], [settings, [], [], true])
  const bound = bindModel(model)
  await model.load?.({} as never)
  let count = 0
  for await (const { outputs } of bound.predictStream(requests(), context)) count += outputs.length
  assert.equal(count, 1)
  await assert.rejects(answer('./model.js:Streaming'), { code: 'UNIMPLEMENTED' })
})

test('a function', async () => {
  await place(
    'model.mjs',
    `export const total = async request => (${output('request.inputs[0].data.length')})`,
  )
  await place(
    'old.cjs',
    `module.exports = function () { return ${output('4')} }; module.exports.named = () => (${output('5')})`,
  )
  assert.equal(await answer('./model.mjs:total'), 3)
  assert.equal(await answer('./old.cjs'), 4)
  assert.equal(await answer('./old.cjs:named'), 5)
})

test('names that Node.js does not see in CommonJS are found all the same', async () => {
  await place(
    'old.cjs',
    `const all = {}; for (const name of ['a', 'b']) all[name] = () => (${output('7')}); module.exports = all`,
  )
  assert.equal(await answer('./old.cjs:b'), 7)
})

test('a changed file is imported anew, an unchanged one is not', async () => {
  for (const [name, code] of [
    ['model.ts', (value: number) => `export const f = (): object => (${output(String(value))})`],
    ['model.cjs', (value: number) => `exports.f = () => (${output(String(value))})`],
  ] as const) {
    const path = await place(name, code(1))
    const load = () => loadImplementation(settingsFor(`./${name}:f`))
    assert.equal(await answer(`./${name}:f`), 1)
    await writeFile(path, code(2))
    assert.equal(await answer(`./${name}:f`), 2)
    await writeFile(path, code(1))
    assert.equal(await answer(`./${name}:f`), 1)
    await load()
  }
  const counted = await place(
    'counted.ts',
    `globalThis.importCount = (globalThis.importCount ?? 0) + 1; export const f = () => {}`,
  )
  await loadImplementation(settingsFor('./counted.ts:f'))
  await utimes(counted, 1, 1)
  await loadImplementation(settingsFor('./counted.ts:f'))
  assert.equal(Reflect.get(globalThis, 'importCount'), 1)
})

test('a failed import is tried again, though the file has not changed', async () => {
  await place(
    'model.mjs',
    `import { readFileSync } from 'node:fs'
     const value = readFileSync(new URL('./weights.txt', import.meta.url), 'utf8')
     export const f = () => (${output('Number(value)')})`,
  )
  assert.match(await failure('./model.mjs:f'), /^INTERNAL .*ENOENT: no such file or directory/)
  await place('weights.txt', '9')
  assert.equal(await answer('./model.mjs:f'), 9)
})

test('packages: from the model folder first, with what they export to import alone', async () => {
  await place(
    'node_modules/pkg/package.json',
    '{"name":"pkg","type":"module","exports":{"import":"./main.js"}}',
  )
  await place(
    'node_modules/pkg/main.js',
    `export class M { predict() { return ${output('11')} } }; export default M`,
  )
  assert.equal(await answer('pkg:M'), 11)
  assert.equal(await answer('pkg'), 11)
})

test('packages: then from the working directory, then from the server', async () => {
  const program = `
    import { loadImplementation, placementOf } from ${JSON.stringify(join(import.meta.dirname, 'implementation.ts'))}
    const settings = { name: 'm', implementation: process.argv[1], folder: ${JSON.stringify(join(folder, 'models'))} }
    console.log(typeof await loadImplementation(settings))`
  await mkdir(join(folder, 'working'))
  await place(
    'working/node_modules/pkg/package.json',
    '{"name":"pkg","exports":{"millrace-source":"./source.mjs"}}',
  )
  await place('working/node_modules/pkg/source.mjs', 'export const f = () => {}')
  const run = async (implementation: string) => {
    const flags = ['--conditions=millrace-source', '--input-type=module', '-e', program, implementation]
    const { stdout } = await promisify(execFile)(process.execPath, flags, { cwd: join(folder, 'working') })
    return stdout
  }
  assert.equal(await run('pkg:f'), 'function\n')
  // The SDK is a package of the server itself; any function will do here.
  assert.equal(await run('@millrace/sdk:isDatatype'), 'function\n')
})

test('missing modules', async () => {
  await place('model.ts', 'export const f = () => {}')
  await mkdir(join(folder, 'folder.ts'))
  assert.equal(
    await failure('./missing.ts:f'),
    `INVALID_ARGUMENT ${at}./missing.ts:f': there is no file <folder>/missing.ts`,
  )
  assert.equal(
    await failure('./folder.ts'),
    `INVALID_ARGUMENT ${at}./folder.ts': there is no file <folder>/folder.ts`,
  )
  assert.equal(
    await failure('model.ts:f'),
    `INVALID_ARGUMENT ${at}model.ts:f': a file's path begins with a dot; write './model.ts:f'`,
  )
  assert.equal(
    await failure('no-such-package:f'),
    `INVALID_ARGUMENT ${at}no-such-package:f': there is no package no-such-package; it was looked for from <folder>, ` +
      `from ${process.cwd()} and among the server's own`,
  )
  assert.match(
    await failure('xgbost'),
    /xgbost': there is no package xgbost; .*; words for runtimes are onnx, xgboost, /,
  )
  assert.equal(
    await failure('./model.wasm'),
    `INVALID_ARGUMENT ${at}./model.wasm': the file must end in one of .ts, .mts, .cts, .js, .mjs, .cjs`,
  )
  assert.equal(
    await failure('fs:readFile'),
    `INVALID_ARGUMENT ${at}fs:readFile': node:fs is a module of Node.js; name a package or a file`,
  )
  assert.match(
    await failure('./model.ts:'),
    /^INVALID_ARGUMENT <folder>\/model-settings\.json: implementation ".\/model\.ts:" cannot be read;/,
  )
})

test('a package that does not offer the module', async () => {
  await place('node_modules/pkg/package.json', '{"name":"pkg","exports":{".":"./main.js"}}')
  assert.match(
    await failure('pkg/sub:f'),
    /^INVALID_ARGUMENT .*'pkg\/sub:f': package pkg\/sub cannot be resolved: .*Package subpath '\.\/sub' is not defined by "exports"/,
  )
  assert.match(
    await failure('pkg:f'),
    /^INTERNAL .*'pkg:f': package pkg cannot be imported: Cannot find module/,
  )
})

test('a runtime that is not installed', async () => {
  const aliases = RUNTIME_ALIASES as Map<string, string>
  aliases.set('some-runtime', '@millrace/no-such-runtime:Model')
  try {
    assert.equal(
      await failure('some-runtime'),
      `UNIMPLEMENTED ${at}some-runtime': this runtime is not installed; install it with: npm install @millrace/no-such-runtime`,
    )
  } finally {
    aliases.delete('some-runtime')
  }
  assert.equal(
    await failure('@millrace/no-such-runtime:SomeModel'),
    `UNIMPLEMENTED ${at}@millrace/no-such-runtime:SomeModel': this runtime is not installed; install it with: npm install @millrace/no-such-runtime`,
  )
})

test('Python goes to the python runtime, which works in processes of its own', async () => {
  for (const text of ['sum_model.SumModel', './model.py:Sum', 'mlserver_sklearn.SKLearnModel']) {
    assert.equal(await placementOf(settingsFor(text)), 'server', text)
  }
  for (const text of ['./model.ts:Sum', 'onnx', 'no-such-package:f']) {
    assert.equal(await placementOf(settingsFor(text)), undefined, text)
  }
  await place('node_modules/lodash.get/package.json', '{"name":"lodash.get","exports":"./i.mjs"}')
  await place('node_modules/lodash.get/i.mjs', `export default () => (${output('1')})`)
  assert.equal(await answer('lodash.get'), 1)
  assert.equal(await placementOf(settingsFor('lodash.get')), undefined)
})

test('exports that are missing, or no model', async () => {
  await place(
    'model.ts',
    `export class Sum { predict() {} }
     export class Empty {}
     export class Field { predict = () => {} }
     export const text = 'x', object = new Sum(), nothing = undefined
     import { Model } from '@millrace/sdk'
     export class Lazy extends Model {}`,
  )
  await place('none.ts', 'export {}')
  await place(
    'many.ts',
    Array.from({ length: 22 }, (_, index) => `export const e${String(index).padStart(2, '0')} = 1`).join(
      '\n',
    ),
  )
  const is = async (name: string, problem: string) =>
    assert.equal(await failure(`./model.ts:${name}`), `INVALID_ARGUMENT ${at}./model.ts:${name}': ${problem}`)
  await is(
    'Summ',
    "there is no export 'Summ'; the module exports 'Empty', 'Field', 'Lazy', 'Sum', 'nothing', 'object', 'text'; did you mean 'Sum'?",
  )
  for (const [name, kind] of [
    ['Empty', 'the class Empty'],
    ['Field', 'the class Field'],
    ['text', '"x"'],
    ['object', 'a Sum'],
    ['nothing', 'undefined'],
  ]) {
    assert.ok(
      (await failure(`./model.ts:${name}`)).startsWith(
        `INVALID_ARGUMENT ${at}./model.ts:${name}': the export '${name}': the implementation is ${kind}; expected a class`,
      ),
      name,
    )
  }
  assert.equal(
    await failure('./none.ts'),
    `INVALID_ARGUMENT ${at}./none.ts': there is no export 'default'; the module exports nothing`,
  )
  assert.match(await failure('./many.ts:f'), /'e18', 'e19' and 2 more$/)
})

const cannot = (name: string) => `INTERNAL ${at}./${name}': cannot be imported: `

test('code that cannot be run: file and line', async () => {
  await place('syntax.ts', 'export class A {\n  predict( {\n}\n')
  assert.equal(
    await failure('./syntax.ts'),
    `${cannot('syntax.ts')}<folder>/syntax.ts:3: Expected ',', got '<eof>'`,
  )
  await place('outer.ts', "import './syntax.ts'\nexport const f = () => {}")
  assert.equal(
    await failure('./outer.ts'),
    `${cannot('outer.ts')}<folder>/syntax.ts:3: Expected ',', got '<eof>'`,
  )
  await place('enum.ts', '\nexport enum A { x }\n')
  assert.equal(
    await failure('./enum.ts'),
    `${cannot('enum.ts')}<folder>/enum.ts:2: TypeScript enum is not supported in strip-only mode. ` +
      "TypeScript runs without a compiler here, so only types may be TypeScript's own",
  )
  await place('script.mjs', 'export const = 1')
  assert.equal(await failure('./script.mjs'), `${cannot('script.mjs')}Unexpected token '='`)
  await place('throws.mjs', "\n\nthrow new RangeError('boom')")
  assert.equal(
    await failure('./throws.mjs'),
    `${cannot('throws.mjs')}<folder>/throws.mjs:3: RangeError: boom`,
  )
  await place('nothing.mjs', 'throw null')
  assert.equal(await failure('./nothing.mjs'), `${cannot('nothing.mjs')}it threw null`)
  await place('needs.ts', "import 'no-such-package'\nexport const f = () => {}")
  assert.equal(
    await failure('./needs.ts'),
    `${cannot('needs.ts')}Cannot find package 'no-such-package' imported from <folder>/needs.ts`,
  )
  await place('names.ts', "\nimport { nothing } from 'node:fs'\nexport const f = nothing")
  assert.equal(
    await failure('./names.ts'),
    `${cannot('names.ts')}<folder>/names.ts:2: The requested module 'node:fs' does not provide an export named 'nothing'`,
  )
})

test('TypeScript below node_modules', async () => {
  await place('node_modules/pkg/package.json', '{"name":"pkg","exports":"./main.ts"}')
  await place('node_modules/pkg/main.ts', 'export const f = () => {}')
  const problem =
    'Stripping types is currently unsupported for files under node_modules, for "<folder>/node_modules/pkg/main.ts". ' +
    'A package must be published as JavaScript; only files outside node_modules may be TypeScript'
  assert.equal(
    (await failure('pkg:f')).replace('file://', ''),
    `INTERNAL ${at}pkg:f': package pkg cannot be imported: ${problem}`,
  )
})

test('without the place where it was set, messages name the model', async () => {
  await assert.rejects(loadImplementation({ name: 'sum', implementation: './missing.ts', folder }), {
    message: `model 'sum': implementation './missing.ts': there is no file ${join(folder, 'missing.ts')}`,
  })
})
