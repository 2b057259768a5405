import assert from 'node:assert/strict'
import { test } from 'node:test'
import { profilesOf } from './profiles-of.ts'

test('the profiles of a field come in the order of its values', () => {
  const names = ['x_0', 'x_1', 'x_10', 'x_2', 'x_1_0', 'xs_0', 'y_0']
  assert.deepEqual(profilesOf('x', names), ['x_0', 'x_1', 'x_2', 'x_10'])
  assert.deepEqual(profilesOf('x_1', names), ['x_1_0'])
  assert.deepEqual(profilesOf('z', names), [])
})
