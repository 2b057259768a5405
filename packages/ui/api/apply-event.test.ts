import assert from 'node:assert/strict'
import { test } from 'node:test'
import { QueryClient } from '@tanstack/react-query'
import { applyEvent, type EventType } from './apply-event.ts'
import { KEYS } from './queries.ts'

function clientWith(entries: Readonly<Record<string, readonly object[]>>) {
  const client = new QueryClient()
  for (const [key, items] of Object.entries(entries)) client.setQueryData([key], items)
  const asked: string[] = []
  const apply = (type: EventType, data: unknown) =>
    applyEvent(client, type, typeof data === 'string' ? data : JSON.stringify(data), key =>
      asked.push(String(key[0])),
    )
  const names = (key: keyof typeof KEYS) =>
    client.getQueryData<readonly { name?: string; fullName?: string }[]>(KEYS[key])
  return { client, apply, asked, names }
}

test('what is known is replaced, what is new is added, what is gone goes', () => {
  const { apply, names, asked } = clientWith({
    applications: [{ name: 'a', status: 'Assembling' }, { name: 'b' }],
    servables: [{ fullName: 's' }],
    configurations: [{ name: 'small' }],
    metrics: [{ id: 'm' }],
  })
  apply('ApplicationUpdate', { name: 'a', status: 'Ready' })
  apply('ApplicationUpdate', { name: 'c' })
  apply('ApplicationRemove', 'b')
  assert.deepEqual(names('applications'), [{ name: 'a', status: 'Ready' }, { name: 'c' }])
  apply('ServableUpdate', { fullName: 't' })
  apply('ServableRemove', 's')
  assert.deepEqual(names('servables'), [{ fullName: 't' }])
  apply('DeploymentConfigurationUpdate', { name: 'big' })
  apply('DeploymentConfigurationRemove', 'small')
  assert.deepEqual(names('configurations'), [{ name: 'big' }])
  apply('MetricSpecUpdate', { id: 'n' })
  apply('MetricSpecRemove', 'm')
  assert.deepEqual(names('metrics'), [{ id: 'n' }])
  assert.deepEqual(asked, ['versions', 'versions', 'versions'])
})

test('a version keeps what its event does not tell, and an unknown one is asked for', () => {
  const { apply, names, asked } = clientWith({
    versions: [{ id: 1, status: 'Assembling', applications: ['a'], isExternal: false }],
  })
  apply('ModelUpdate', { id: 1, status: 'Released' })
  assert.deepEqual(names('versions'), [{ id: 1, status: 'Released', applications: ['a'], isExternal: false }])
  assert.deepEqual(asked, [])
  apply('ModelUpdate', { id: 2 })
  assert.deepEqual(asked, ['versions', 'models'])
  apply('ModelRemove', '1')
  assert.deepEqual(names('versions'), [])
})

test('lists that nobody has asked for stay unasked', () => {
  const { apply, names, asked } = clientWith({})
  apply('ServableUpdate', { fullName: 's' })
  apply('ServableRemove', 's')
  assert.equal(names('servables'), undefined)
  assert.deepEqual(asked, [])
})
