import assert from 'node:assert/strict'
import { test } from 'node:test'
import { diffResources, parseResources } from './index.ts'

function read(text: string) {
  const [resource] = parseResources(text, { file: 'a.yaml', folder: '.' }).resources
  return resource!
}

const contract = (inputs: string) => `contract: {inputs: ${inputs}, outputs: {y: {type: int8}}}\n`
const HEAD = 'kind: Model\nname: m\nruntime: r:1\n'

test('what only stands elsewhere has not changed', () => {
  const before = read(`${HEAD}payload: [a, b]\nmetadata: {x: 1, y: 2}\n`)
  const after = read(`# a comment\n${HEAD}metadata: {y: 2, x: 1}\npayload:\n  - a\n  - b\n`)
  assert.deepEqual(diffResources(before, after), [])
})

test('changed fields are named, those of a contract by their names', () => {
  const before = read(
    `${HEAD}payload: [a, b]\n${contract('{x: {type: int8}, z: {type: int8, shape: [2]}}')}metadata: {a: 1}\n`,
  )
  const after = read(
    `kind: Model\nname: m\nruntime: r:2\npayload: [b, c]\n${contract('{z: {type: int16, shape: [3]}}')}install-command: make\n`,
  )
  const x = { name: 'x', dtype: 'DT_INT8', shape: null, profile: 'NONE' }
  const changes = diffResources(before, after).map(({ path, before, after }) => [path, before, after])
  assert.deepEqual(
    changes.filter(([path]) => !String(path).startsWith('payload')),
    [
      ['runtime.tag', '1', '2'],
      ['contract.inputs[z].dtype', 'DT_INT8', 'DT_INT16'],
      ['contract.inputs[z].shape.dims[0]', 2, 3],
      ['contract.inputs[x]', x, undefined],
      ['installCommand', undefined, 'make'],
      ['metadata.a', '1', undefined],
    ],
  )
  assert.deepEqual(
    changes.filter(([path]) => String(path).startsWith('payload')).map(([path]) => path),
    ['payload[c]', 'payload[a]'],
  )
})

test('stages are compared by their place', () => {
  const before = read('kind: Application\nname: a\nsingular: {model: m:1}\n')
  const after = read('kind: Application\nname: a\npipeline: [[{model: m:2}], [{model: n:1}]]\n')
  assert.deepEqual(
    diffResources(before, after).map(({ path }) => path),
    ['stages[0][0].model.version', 'stages[1]'],
  )
})
