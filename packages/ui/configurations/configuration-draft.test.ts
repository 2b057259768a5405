import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configurationBody, configurationProblems, EMPTY_CONFIGURATION } from './configuration-draft.ts'

const draft = (members: Partial<typeof EMPTY_CONFIGURATION>) => ({
  ...EMPTY_CONFIGURATION,
  name: 'big',
  ...members,
})
const fields = (members: Partial<typeof EMPTY_CONFIGURATION>) =>
  Object.keys(configurationProblems(draft(members), ['taken']))

test('what is left empty is left out', () => {
  assert.deepEqual(configurationBody(draft({})), { name: 'big' })
  assert.deepEqual(
    configurationBody(
      draft({
        cpuLimit: ' 2 ',
        environment: 'A=b=c\n\nEMPTY=\n',
        replicas: '2',
        maxReplicas: '4',
        cpuUtilization: '80',
        pod: '{"nodeSelector": {"disk": "ssd"}}',
      }),
    ),
    {
      name: 'big',
      container: { resources: { limits: { cpu: '2' }, requests: null }, env: { A: 'b=c', EMPTY: '' } },
      pod: { tolerations: [], nodeSelector: { disk: 'ssd' } },
      deployment: { replicaCount: 2 },
      hpa: { minReplicas: 1, maxReplicas: 4, cpuUtilization: 80 },
    },
  )
})

test('mistakes are told at their field', () => {
  assert.deepEqual(fields({}), [])
  assert.deepEqual(fields({ name: ' ' }), ['name'])
  assert.deepEqual(fields({ name: 'taken' }), ['name'])
  assert.deepEqual(fields({ replicas: '0' }), ['replicas'])
  assert.deepEqual(fields({ cpuUtilization: '101' }), ['cpuUtilization'])
  assert.deepEqual(fields({ minReplicas: '3', maxReplicas: '2' }), ['maxReplicas'])
  assert.deepEqual(fields({ minReplicas: '3' }), [])
  assert.deepEqual(fields({ environment: 'A=1\n2B' }), ['environment'])
  assert.deepEqual(fields({ pod: '[' }), ['pod'])
  assert.deepEqual(fields({ pod: '[]' }), ['pod'])
})
