import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createServingBed } from '../test/serving-bed.ts'

const path = '/api/v2/deployment_configuration'

const BIG = {
  name: 'big',
  container: {
    resources: { limits: { cpu: '2', memory: '4G' }, requests: null },
    env: { A: 'b' },
  },
  pod: {
    nodeSelector: { disk: 'ssd' },
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: null } },
    tolerations: [
      { key: 'dedicated', operator: 'Equal', value: 'ml', effect: 'NoSchedule', tolerationSeconds: null },
    ],
  },
  deployment: { replicaCount: 2 },
  hpa: { minReplicas: 1, maxReplicas: 4, cpuUtilization: 80 },
}
const DEFAULT = {
  name: 'hydrosphere_manager_default',
  container: null,
  pod: null,
  deployment: null,
  hpa: null,
}

test('a configuration is answered as it was sent, listed beside the default, and deleted', async t => {
  const bed = await createServingBed(t)
  assert.deepEqual(await bed.ask('POST', path, BIG), { status: 200, json: BIG })
  assert.deepEqual((await bed.ask('GET', path)).json, [DEFAULT, BIG])
  assert.deepEqual((await bed.ask('GET', `${path}/big`)).json, BIG)
  assert.deepEqual((await bed.ask('GET', `${path}/hydrosphere_manager_default`)).json, DEFAULT)
  const twice = await bed.ask('POST', path, BIG)
  assert.deepEqual(twice, {
    status: 400,
    json: { message: 'DeploymentConfiguration big already exists', error: 'InvalidRequest' },
  })
  assert.deepEqual((await bed.ask('DELETE', `${path}/big`)).json, BIG)
  assert.equal((await bed.ask('GET', `${path}/big`)).status, 404)
  assert.equal((await bed.ask('DELETE', `${path}/hydrosphere_manager_default`)).status, 400)
  assert.equal((await bed.ask('POST', path, { name: 'hydrosphere_manager_default' })).status, 400)
})

test('everything but the name may be left out, tolerations of a pod too', async t => {
  const bed = await createServingBed(t)
  const { json } = await bed.ask('POST', path, { name: 'small', pod: { nodeSelector: { a: 'b' } }, hpa: {} })
  assert.deepEqual(json, {
    ...DEFAULT,
    name: 'small',
    pod: { nodeSelector: { a: 'b' }, affinity: null, tolerations: [] },
    hpa: { minReplicas: 1, maxReplicas: 1, cpuUtilization: null },
  })
})

test('what is wrong is named', async t => {
  const bed = await createServingBed(t)
  const refusals: readonly [body: unknown, text: RegExp][] = [
    [[], /the body: \[\] is not an object/],
    [{}, /name: nothing is not a name/],
    [{ name: 'x'.repeat(254) }, /name: "x+ is not a name of 1 to 253/],
    [{ name: 'a', replicas: 2 }, /there is no member 'replicas'; the members are name, container/],
    [
      { name: 'a', deployment: { replicaCount: 0 } },
      /deployment\.replicaCount: 0 is not an integer from 1 to/,
    ],
    [{ name: 'a', deployment: { replicaCount: 1_001 } }, /deployment\.replicaCount: 1001/],
    [
      { name: 'a', hpa: { minReplicas: 3, maxReplicas: 2 } },
      /hpa\.minReplicas: 3 is not at most maxReplicas 2/,
    ],
    [{ name: 'a', hpa: { cpuUtilization: 101 } }, /hpa\.cpuUtilization: 101 is not an integer from 1 to 100/],
    [{ name: 'a', container: { env: { A: 1 } } }, /container\.env\.A: 1 is not a text/],
    [
      { name: 'a', container: { resources: { limits: { memory: 'lots' } } } },
      /container\.resources\.limits\.memory: 'lots' is not a quantity/,
    ],
    [
      { name: 'a', pod: { tolerations: [{ effect: 'Sometimes' }] } },
      /pod\.tolerations\[0\]\.effect: "Sometimes"/,
    ],
    [
      { name: 'a', pod: { affinity: { x: 'y'.repeat(100_000) } } },
      /pod\.affinity: 100008 is not at most 100000/,
    ],
  ]
  for (const [body, text] of refusals) {
    const answer = await bed.ask('POST', path, body)
    assert.equal(answer.status, 400)
    assert.match((answer.json as { message: string }).message, text)
  }
})
