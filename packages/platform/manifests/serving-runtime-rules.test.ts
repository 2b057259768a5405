import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { kserveRuntime } from './kserve-runtime.ts'
import { readManifests, writeManifest } from './manifest-file.ts'
import { OPTIONS, soundRuntime } from './manifest-fixture.ts'
import { capacityBytesMin } from './modelmesh-words.ts'

/** Sets a value deep in a runtime; `undefined` takes it away. */
type Change = readonly [path: readonly (string | number)[], value: unknown]

interface BrokenRule {
  readonly options?: Parameters<typeof soundRuntime>[0]
  readonly changes: readonly Change[]
  /** Path and message of the one violation. */
  readonly told: RegExp
}

const CONTAINER = ['spec', 'containers', 0] as const
const ANNOTATIONS = ['metadata', 'annotations'] as const
const SCALE = 'serving.kserve.io/'
const other = (name: string) => [{ ...soundRuntime().spec.containers[0] }, { name, image: 'other' }]

const RULES: Readonly<Record<string, BrokenRule>> = {
  'a name that is none': {
    changes: [[['metadata', 'name'], 'My_Runtime']],
    told: /metadata\.name: "My_Runtime" cannot be a name; .*253/,
  },
  'a namespace that is none': {
    changes: [[['metadata', 'namespace'], '-']],
    told: /metadata\.namespace: "-"/,
  },
  'no containers': { changes: [[['spec', 'containers'], []]], told: /spec\.containers: is missing/ },
  'a container twice': {
    changes: [[['spec', 'containers'], other('mlserver')]],
    told: /containers\[1\]\.name: "mlserver" is there twice/,
  },
  'a reserved container': {
    changes: [[['spec', 'containers'], other('rest-proxy')]],
    told: /containers\[1\]\.name: "rest-proxy" is ModelMesh's own; mm, rest-proxy, puller/,
  },
  'a reserved prefix': {
    changes: [[['spec', 'containers'], other('mm-x')]],
    told: /containers\[1\]\.name: "mm-x"/,
  },
  'a reserved port': {
    changes: [[[...CONTAINER, 'ports'], [{ containerPort: 11_890 }]]],
    told: /ports\[0\]\.containerPort: 11890 is reserved.*8080/,
  },
  'a reserved name of a port': {
    changes: [[[...CONTAINER, 'ports'], [{ containerPort: 9000, name: 'grpc' }]]],
    told: /ports\[0\]\.name: "grpc" is reserved/,
  },
  'a readiness probe': {
    changes: [[[...CONTAINER, 'readinessProbe'], {}]],
    told: /readinessProbe: is set by ModelMesh/,
  },
  'a hook': { changes: [[[...CONTAINER, 'lifecycle'], {}]], told: /lifecycle: is set by ModelMesh/ },
  'a reserved volume': {
    changes: [[['spec', 'volumes'], [{ name: 'models-dir' }]]],
    told: /volumes\[0\]\.name: "models-dir" is ModelMesh's own/,
  },
  'a format without a name': {
    changes: [[['spec', 'supportedModelFormats', 0, 'name'], undefined]],
    told: /supportedModelFormats\[0\]\.name: is missing/,
  },
  'a version that is a number': {
    changes: [[['spec', 'supportedModelFormats', 0, 'version'], 1]],
    told: /version: 1 is not a text; write it in quotes: "1"/,
  },
  'no format that selects': {
    changes: [[['spec', 'supportedModelFormats', 0, 'autoSelect'], false]],
    told: /supportedModelFormats: none has autoSelect/,
  },
  'a priority of 0': {
    changes: [[['spec', 'supportedModelFormats', 0, 'priority'], 0]],
    told: /priority: 0 is not a whole number of at least 1/,
  },
  'a priority twice': {
    changes: [
      [
        ['spec', 'supportedModelFormats'],
        [1, 2].map(version => ({ name: 'f', version: String(version), autoSelect: true, priority: 2 })),
      ],
    ],
    told: /supportedModelFormats\[1\]\.priority: 2 is also that of supportedModelFormats\[0\]/,
  },
  'an unknown protocol': {
    changes: [[['spec', 'protocolVersions'], ['v3']]],
    told: /protocolVersions\[0\]: "v3" is not known; allowed are grpc-v2/,
  },
  'an endpoint that is none': {
    options: { usesAdapter: false },
    changes: [[['spec', 'grpcDataEndpoint'], '8001']],
    told: /grpcDataEndpoint: "8001" cannot be read; it must be port:N/,
  },
  'a port out of range': {
    options: { usesAdapter: false },
    changes: [[['spec', 'grpcDataEndpoint'], 'port:65536']],
    told: /grpcDataEndpoint: "port:65536"/,
  },
  'sockets in two folders': {
    options: { usesAdapter: false, socketFolder: '/sock' },
    changes: [[['spec', 'grpcDataEndpoint'], 'unix:/other/data.sock']],
    told: /grpcDataEndpoint: .* is not in the folder of grpcEndpoint, \/sock/,
  },
  'no control endpoint': {
    options: { usesAdapter: false },
    changes: [[['spec', 'grpcEndpoint'], undefined]],
    told: /spec\.grpcEndpoint: is missing/,
  },
  'no data endpoint behind an adapter': {
    changes: [[['spec', 'grpcDataEndpoint'], undefined]],
    told: /grpcDataEndpoint: is missing; requests would be sent to the adapter/,
  },
  'a socket for an adapter': {
    changes: [[['spec', 'grpcEndpoint'], 'unix:/sock/control']],
    told: /spec\.grpcEndpoint: "unix:\/sock\/control" must be port:N where a built-in adapter/,
  },
  'a server without an adapter': {
    changes: [[['spec', 'builtInAdapter', 'serverType'], 'other']],
    told: /serverType: "other" has no adapter; allowed are mlserver, triton/,
  },
  'no container of its name': {
    changes: [[[...CONTAINER, 'name'], 'server']],
    told: /serverType: there must be a container named mlserver; there is server/,
  },
  'the load timeout left out': {
    changes: [[['spec', 'builtInAdapter', 'modelLoadingTimeoutMillis'], undefined]],
    told: /modelLoadingTimeoutMillis: 0 keeps ModelMesh from starting; .*90000/,
  },
  'the memory buffer left out': {
    changes: [[['spec', 'builtInAdapter', 'memBufferBytes'], undefined]],
    told: /memBufferBytes: 0 leaves the server no memory/,
  },
  'a variable of the adapter that is no number': {
    changes: [[['spec', 'builtInAdapter', 'env'], [{ name: 'LOADING_CONCURRENCY', value: 'two' }]]],
    told: /env\[0\]\.value: LOADING_CONCURRENCY is "two"; the adapter ends/,
  },
  'no memory request': {
    changes: [[[...CONTAINER, 'resources', 'requests', 'memory'], undefined]],
    told: /requests\.memory: is missing; the adapter/,
  },
  'too little memory': {
    changes: [[[...CONTAINER, 'resources', 'requests', 'memory'], '130Mi']],
    told: /requests\.memory: "130Mi" leaves 2097152 bytes .* at least 10000000/,
  },
  'a quantity that is none': {
    changes: [[[...CONTAINER, 'resources', 'limits', 'cpu'], 'five']],
    told: /limits\.cpu: "five" is not a quantity; examples: 500m/,
  },
  'a request above its limit': {
    changes: [[[...CONTAINER, 'resources', 'limits', 'memory'], '512Mi']],
    told: /requests\.memory: "1Gi" is more than its limit "512Mi"/,
  },
  'a variable twice': {
    changes: [
      [
        [...CONTAINER, 'env'],
        [{ name: 'A' }, { name: 'A' }],
      ],
    ],
    told: /env\[1\]\.name: "A" is there twice/,
  },
  'a variable that is a number': {
    changes: [[[...CONTAINER, 'env'], [{ name: 'MLSERVER_HTTP_PORT', value: 8002 }]]],
    told: /env\[0\]\.value: 8002 is not a text/,
  },
  'a port of ModelMesh for the server': {
    changes: [[[...CONTAINER, 'env'], [{ name: 'MLSERVER_HTTP_PORT', value: '8080' }]]],
    told: /MLSERVER_HTTP_PORT is "8080", which ModelMesh uses itself/,
  },
  'another port than the adapter asks at': {
    changes: [[[...CONTAINER, 'env'], [{ name: 'MLSERVER_GRPC_PORT', value: '9001' }]]],
    told: /MLSERVER_GRPC_PORT is "9001", and the adapter asks at runtimeManagementPort 8001/,
  },
  'no load at once': {
    changes: [[[...ANNOTATIONS], { maxLoadingConcurrency: '0' }]],
    told: /annotations\['maxLoadingConcurrency'\]: "0" is not a whole number from 1/,
  },
  'a limit that is no number': {
    changes: [[[...ANNOTATIONS], { perModelConcurrencyLimit: 'x' }]],
    told: /perModelConcurrencyLimit'\]: "x"/,
  },
  'an unknown autoscaler': {
    changes: [[[...ANNOTATIONS], { [`${SCALE}autoscalerClass`]: 'keda' }]],
    told: /autoscalerClass'\]: "keda" is not known; only hpa/,
  },
  'a target above 100': {
    changes: [[[...ANNOTATIONS], { [`${SCALE}targetUtilizationPercentage`]: '101' }]],
    told: /"101" is not a whole number from 1 to 100/,
  },
  'an unknown metric': {
    changes: [[[...ANNOTATIONS], { [`${SCALE}metrics`]: 'gpu' }]],
    told: /"gpu" cannot be scaled by; allowed are cpu and memory/,
  },
  'least above most': {
    changes: [[[...ANNOTATIONS], { [`${SCALE}min-scale`]: '3', [`${SCALE}max-scale`]: '2' }]],
    told: /min-scale'\]: 3 is more than .*max-scale, which is 2/,
  },
  'replicas and an autoscaler': {
    changes: [
      [[...ANNOTATIONS], { [`${SCALE}autoscalerClass`]: 'hpa' }],
      [['spec', 'replicas'], 2],
    ],
    told: /spec\.replicas: cannot be set together with/,
  },
  'a negative number of replicas': {
    changes: [[['spec', 'replicas'], -1]],
    told: /spec\.replicas: -1 is not a whole number/,
  },
  'a text for a truth': {
    changes: [[['spec', 'multiModel'], 'yes']],
    told: /spec\.multiModel: must be boolean; found "yes"/,
  },
  'a container that is none': {
    changes: [[['spec', 'containers'], [null]]],
    told: /spec\.containers\[0\]: must be object; found null/,
  },
  'another API version': {
    changes: [[['apiVersion'], 'v1']],
    told: /apiVersion: "v1" must be serving\.kserve\.io\/v1alpha1/,
  },
  'another kind': {
    changes: [[['kind'], 'Pod']],
    told: /kind: "Pod" is not known here; allowed are ServingRuntime/,
  },
}

function changed(runtime: object, changes: readonly Change[]): string {
  for (const [path, value] of changes) {
    let place = runtime as Record<string | number, unknown>
    for (const step of path.slice(0, -1)) place = (place[step] ??= {}) as Record<string | number, unknown>
    place[path.at(-1)!] = value
  }
  return writeManifest(runtime as never, 'yaml')
}

suite('rules of a ServingRuntime', () => {
  for (const [rule, { options, changes, told }] of Object.entries(RULES)) {
    test(rule, () => {
      const text = changed(soundRuntime(options), changes)
      assert.throws(
        () => readManifests(text, 'runtime.yaml'),
        (error: Error) => {
          const lines = error.message.split('\n')
          assert.equal(lines.length, 1, error.message)
          assert.match(lines[0]!, /^runtime\.yaml, line \d+, column \d+: /)
          assert.match(lines[0]!, told)
          return true
        },
      )
    })
  }

  test('are all told at once', () => {
    const text = changed(soundRuntime(), [
      [['metadata', 'name'], 'A'],
      [['spec', 'replicas'], -1],
    ])
    assert.throws(() => readManifests(text, 'f'), /^ServingError: f, line 4.*\nf, line \d+.*replicas/s)
  })

  test('KServe alone has its own', () => {
    const runtime = structuredClone(kserveRuntime({ ...OPTIONS, protocol: 'v2' }))
    assert.equal(readManifests(writeManifest(runtime, 'json'), 'f').length, 1)
    const mesh = changed(structuredClone(runtime), [[['spec', 'grpcEndpoint'], 'port:8085']])
    assert.throws(
      () => readManifests(mesh, 'f'),
      /spec\.grpcEndpoint: has a meaning with multiModel: true only/,
    )
    const unnamed = changed(structuredClone(runtime), [[[...CONTAINER, 'name'], 'server']])
    assert.throws(() => readManifests(unnamed, 'f'), /one must be named kserve-container/)
  })

  test('place a value that a line of the file holds', () => {
    const text =
      'apiVersion: serving.kserve.io/v1alpha1\nkind: ServingRuntime\nmetadata:\n  name: Big\nspec:\n  containers: [{name: kserve-container}]\n'
    assert.throws(
      () => readManifests(text, 'f.yaml'),
      /^ServingError: f\.yaml, line 4, column 9: metadata\.name: "Big"/,
    )
  })
})

/** What ModelMesh ships for MLServer, with another image. */
const STOCK_RUNTIME = `
apiVersion: serving.kserve.io/v1alpha1
kind: ClusterServingRuntime
metadata:
  name: mlserver-1.x
  annotations:
    maxLoadingConcurrency: "2"
spec:
  supportedModelFormats:
    - { name: sklearn, version: "0", autoSelect: true }
    - { name: xgboost, version: "1", autoSelect: true }
    - { name: lightgbm, version: "3", autoSelect: true }
  protocolVersions: [grpc-v2]
  multiModel: true
  grpcEndpoint: port:8085
  grpcDataEndpoint: port:8001
  containers:
    - name: mlserver
      image: registry.example.com/millrace:1
      env:
        - { name: MLSERVER_MODELS_DIR, value: /models/_mlserver_models/ }
        - { name: MLSERVER_GRPC_PORT, value: "8001" }
        - { name: MLSERVER_HTTP_PORT, value: "8002" }
        - { name: MLSERVER_LOAD_MODELS_AT_STARTUP, value: "false" }
        - { name: MLSERVER_MODEL_NAME, value: dummy-model }
        - { name: MLSERVER_HOST, value: "127.0.0.1" }
        - { name: MLSERVER_GRPC_MAX_MESSAGE_LENGTH, value: "-1" }
      resources:
        requests: { cpu: 500m, memory: 1Gi }
        limits: { cpu: "5", memory: 1Gi }
  builtInAdapter:
    serverType: mlserver
    runtimeManagementPort: 8001
    memBufferBytes: 134217728
    modelLoadingTimeoutMillis: 90000
`

test('the stock runtime for MLServer passes with another image', () => {
  assert.equal(readManifests(STOCK_RUNTIME, 'mlserver.yaml').length, 1)
})

test('the least capacity that ModelMesh starts with', () => {
  assert.equal(capacityBytesMin(1_000_000), 10_000_000)
  assert.equal(capacityBytesMin(100 * 2 ** 20), 512 * 2 ** 20)
  assert.equal(capacityBytesMin(2 ** 30), 2 ** 31)
})
