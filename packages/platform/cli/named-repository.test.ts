import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { namedRepository } from './named-repository.ts'

const MODELS = { MLSERVER_MODELS_DIR: '/models' }
const fromVariable = { root: '/models', origin: 'environment MLSERVER_MODELS_DIR', isArgument: false }
const fromArgument = (root: string) => ({ root, origin: 'folder argument', isArgument: true })

test('the argument comes before the variable', () => {
  assert.deepEqual(namedRepository('some/folder', MODELS), fromArgument(resolve('some/folder')))
  assert.deepEqual(namedRepository('.', {}), fromArgument(resolve('.')))
})

test('a URI stays as it is', () => {
  for (const uri of ['s3://bucket/models', 'oci://registry:5000/models:1', 'https://host/models.tar.gz']) {
    assert.deepEqual(namedRepository(uri, MODELS), fromArgument(uri))
  }
})

test('without an argument the variable counts, also where no shell put it into the argument', () => {
  for (const argument of [
    undefined,
    '',
    '$MLSERVER_MODELS_DIR',
    '${MLSERVER_MODELS_DIR}',
    '${MILLRACE_MODELS_DIR}',
  ]) {
    assert.deepEqual(namedRepository(argument, MODELS), fromVariable)
  }
  const both = namedRepository(undefined, { ...MODELS, MILLRACE_MODELS_DIR: '/own' })
  assert.deepEqual([both?.root, both?.origin], ['/own', 'environment MILLRACE_MODELS_DIR'])
})

test('neither names one', () => {
  assert.equal(namedRepository(undefined, { MLSERVER_MODELS_DIR: '' }), undefined)
  assert.equal(namedRepository('${MLSERVER_MODELS_DIR}', {}), undefined)
})
