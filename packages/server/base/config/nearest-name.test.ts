import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nearestName, suggestion } from './nearest-name.ts'

const names = ['http_port', 'grpc_port', 'host', 'debug']

test('finds what was meant: a character missing, too many, wrong, or swapped', () => {
  for (const slip of ['htp_port', 'htttp_port', 'http_pord', 'http_prot']) {
    assert.equal(nearestName(slip, names), 'http_port', slip)
  }
  assert.equal(nearestName('hots', names), 'host')
})

test('prefers the nearer one', () => {
  assert.equal(nearestName('abcd', ['abxy', 'abcx']), 'abcx')
})

test('suggests nothing far-fetched', () => {
  assert.equal(nearestName('workers', names), undefined)
  assert.equal(nearestName('x', ['y']), undefined)
  assert.equal(nearestName('ab', ['xy']), undefined)
  assert.equal(suggestion('workers', names), '')
  assert.equal(suggestion('hosst', names), "; did you mean 'host'?")
})
