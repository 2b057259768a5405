import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withRealPaths } from './container-paths.ts'

const FOLDER = { root: '/d/1', model: '/d/1/model', files: '/d/1/model/files', python: '/d/1/python' }

test('paths of the container become those of this machine, and nothing else does', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['cert = /model/files/cert.pem', 'cert = /d/1/model/files/cert.pem'],
    ['/model', '/d/1/model'],
    ['pip --cert=/model/files/c "/model/files/x y"', 'pip --cert=/d/1/model/files/c "/d/1/model/files/x y"'],
    ['find-links = file:///model/files/wheels', 'find-links = file:///d/1/model/files/wheels'],
    ['a:/model/b:/model', 'a:/d/1/model/b:/d/1/model'],
    ['http://host/model/files', 'http://host/model/files'],
    ['http://host:80/model', 'http://host:80/model'],
    [
      '/opt/model/files ./model /models /model-2 /model.bin',
      '/opt/model/files ./model /models /model-2 /model.bin',
    ],
    ['https:///model/x', 'https:///model/x'],
  ]
  for (const [text, real] of cases) assert.equal(withRealPaths(text, FOLDER), real)
})
