import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ServingError } from '@millrace/sdk'
import { parseResources } from './parse-resources.ts'
import type { ApplicationResource, DeploymentConfigurationResource, ModelResource } from './resource.ts'

const OPTIONS = { file: 'serving.yaml', folder: '/models/scaler' }
const parse = (text: string) => parseResources(text, OPTIONS)
const model = (text: string) => parse(text).resources[0] as ModelResource
const runtime = (text: string) => model(`kind: Model\nname: m\nruntime: ${text}\n`).runtime
const application = (text: string) => parse(text).resources[0] as ApplicationResource

/** The lines of the error. */
function mistakes(text: string): string[] {
  try {
    parse(text)
  } catch (error) {
    assert.ok(ServingError.is(error), String(error))
    assert.equal(error.code, 'INVALID_ARGUMENT')
    return error.message.split('\n')
  }
  return []
}

const FULL = `kind: Model
name: scaler
runtime: hydrosphere/serving-runtime-python-3.7:3.0.3
payload:
  - src/
  - requirements.txt
install-command: "PIP_CONFIG_FILE=pip.conf pip install -r requirements.txt"
training-data: data/train.csv
contract:
  name: scale
  inputs:
    xs: {shape: [-1, 2], type: float64, profile: Numerical}
    any: {type: string}
    person:
      shape: scalar
      fields: {age: {shape: scalar, type: int}}
  outputs:
    total: {shape: scalar, type: float64, profile: numerical}
metadata: {team: pricing, size: 1.0, is_metric: True}
monitoring-configuration: {batch-size: 50}
monitoring:
  - name: outlier
    config: {monitoring-model: "scaler_metric:1", threshold: 0.97, operator: Less}
  - name: other
    config: {monitoring-model: scaler_metric:2, threshold: 1, operator: ">=", deployment-config: big}
`

test('reads a whole model', () => {
  const { resources, warnings } = parse(FULL)
  assert.deepEqual(warnings, [])
  assert.deepEqual(resources, [
    {
      kind: 'Model',
      name: 'scaler',
      source: { place: { file: 'serving.yaml', line: 1, column: 1 }, folder: '/models/scaler' },
      runtime: { name: 'hydrosphere/serving-runtime-python-3.7', tag: '3.0.3', sha256: undefined },
      contract: {
        signatureName: 'scale',
        inputs: [
          { name: 'xs', dtype: 'DT_DOUBLE', shape: { dims: [-1, 2] }, profile: 'NUMERICAL' },
          { name: 'any', dtype: 'DT_STRING', shape: null, profile: 'NONE' },
          {
            name: 'person',
            shape: { dims: [] },
            subfields: [{ name: 'age', dtype: 'DT_INT64', shape: { dims: [] }, profile: 'NONE' }],
          },
        ],
        outputs: [{ name: 'total', dtype: 'DT_DOUBLE', shape: { dims: [] }, profile: 'NUMERICAL' }],
      },
      payload: [
        { pattern: 'src/', place: { file: 'serving.yaml', line: 5, column: 5 } },
        { pattern: 'requirements.txt', place: { file: 'serving.yaml', line: 6, column: 5 } },
      ],
      installCommand: 'PIP_CONFIG_FILE=pip.conf pip install -r requirements.txt',
      trainingData: 'data/train.csv',
      metadata: { team: 'pricing', size: '1.0', is_metric: 'True' },
      batchSize: 50,
      monitoring: [
        {
          name: 'outlier',
          model: { modelName: 'scaler_metric', version: 1 },
          threshold: 0.97,
          operator: 'Less',
          deploymentConfiguration: undefined,
        },
        {
          name: 'other',
          model: { modelName: 'scaler_metric', version: 2 },
          threshold: 1,
          operator: 'GreaterEq',
          deploymentConfiguration: 'big',
        },
      ],
    },
  ])
})

test('hyphens, underscores and capitals in the names of fields make no difference', () => {
  const snake = FULL.replaceAll(
    /^( *(?:\{| {2}config: \{)?)(install|training|monitoring)-(\w+):/gm,
    '$1$2_$3:',
  )
    .replaceAll('monitoring-model', 'monitoring_model')
    .replaceAll('batch-size', 'batchSize')
    .replaceAll('deployment-config', 'deployment_config')
  assert.notEqual(snake, FULL)
  assert.deepEqual(parse(snake), parse(FULL))
  assert.deepEqual(
    parse(FULL.replace('contract:', 'signature:')),
    parse(FULL.replace('contract:', 'contract: ')),
  )
})

test('a runtime is an image in any spelling', () => {
  const digest = 'a'.repeat(64)
  assert.deepEqual(runtime('localhost:5000/acme/r:1.0'), {
    name: 'localhost:5000/acme/r',
    tag: '1.0',
    sha256: undefined,
  })
  assert.deepEqual(runtime('"r:3"'), { name: 'r', tag: '3', sha256: undefined })
  assert.deepEqual(runtime(`r@sha256:${digest}`), { name: 'r', tag: 'latest', sha256: digest })
  assert.deepEqual(runtime('{name: acme/r, tag: 3.10}'), { name: 'acme/r', tag: '3.10', sha256: undefined })
  assert.deepEqual(parse('kind: Model\nname: m\nruntime: localhost:5000/r\n').warnings, [
    "serving.yaml, line 3, column 10: runtime: 'localhost:5000/r' names no tag; 'latest' is taken",
  ])
  assert.match(
    mistakes('kind: Model\nname: m\nruntime: "a b:1"\n')[0]!,
    /line 3, column 10: runtime: 'a b:1' is not an image/,
  )
})

test('contract, payload and the rest may be missing', () => {
  const small = model('kind: Model\nname: m\nruntime: r:1\npayload:\nmetadata: ~\n')
  assert.deepEqual([small.contract, small.payload, small.metadata, small.monitoring], [undefined, [], {}, []])
  assert.equal(
    model(
      'kind: Model\nname: m\nruntime: r:1\ncontract: {inputs: {a: {type: int8}}, outputs: {b: {type: int8}}}',
    ).contract?.signatureName,
    'predict',
  )
})

test('reads applications: one model, stages, shadows', () => {
  const one = application(
    'kind: Application\nname: scaler-app\nsingular:\n  model: scaler:1\n  deployment-config: big\n',
  )
  assert.deepEqual(one.stages, [
    [{ model: { modelName: 'scaler', version: 1 }, weight: 100, deploymentConfiguration: 'big' }],
  ])
  const stages = application(`kind: Application
name: scaler-ab
metadata: {owner: ann}
streaming: [{in-topic: a, out-topic: b}]
pipeline:
  - - model: clean:3
  - - {model: scaler:1, weight: 80}
    - {model: scaler:2, weight: 20, deployment-config: big}
    - {model: scaler:3, weight: 0}
  - model: alone:1
`)
  assert.deepEqual(
    stages.stages.map(stage => stage.map(({ weight }) => weight)),
    [[100], [80, 20, 0], [100]],
  )
  assert.deepEqual(stages.streaming, [{ sourceTopic: 'a', destinationTopic: 'b' }])
  assert.equal(
    application('kind: Application\nname: a\npipeline: [[{model: m:1, weight: 7}]]').stages[0]![0]!.weight,
    100,
  )
})

test('reads deployment configurations', () => {
  const [configuration] = parse(`kind: DeploymentConfiguration
name: big
hpa: {minReplicas: 1, maxReplicas: 4, cpuUtilization: 80}
deployment: {replicaCount: 2}
container:
  resources: {limits: {cpu: "2", memory: 4G}, requests: {cpu: 500m, memory: 1G}}
  env: {OMP_NUM_THREADS: "1", DEBUG: true}
pod:
  nodeSelector: {disk: ssd}
  affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: []}}}
  tolerations:
    - {key: dedicated, operator: Equal, value: ml, effect: NoSchedule}
    - {key: gpu}
`).resources as [DeploymentConfigurationResource]
  assert.deepEqual(configuration.settings, {
    container: {
      resources: { limits: { cpu: '2', memory: '4G' }, requests: { cpu: '500m', memory: '1G' } },
      env: { OMP_NUM_THREADS: '1', DEBUG: 'true' },
    },
    pod: {
      nodeSelector: { disk: 'ssd' },
      affinity: {
        nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } },
      },
      tolerations: [
        { key: 'dedicated', operator: 'Equal', value: 'ml', effect: 'NoSchedule' },
        { key: 'gpu', operator: 'Equal' },
      ],
    },
    deployment: { replicaCount: 2 },
    hpa: { minReplicas: 1, maxReplicas: 4, cpuUtilization: 80 },
  })
  const [bare] = parse('kind: DeploymentConfiguration\nname: b\npod: {nodeSelector: {a: b}}\n').resources as [
    DeploymentConfigurationResource,
  ]
  assert.deepEqual(bare.settings, { pod: { nodeSelector: { a: 'b' }, tolerations: [] } })
})

test('documents stay in their order, and empty ones are left out', () => {
  const { resources } = parse(
    '---\n# nothing\n---\nkind: Model\nname: a\nruntime: r:1\n---\nkind: Application\nname: b\nsingular: {model: a:1}\n---\n',
  )
  assert.deepEqual(
    resources.map(({ kind, source }) => [kind, source.place.line]),
    [
      ['Model', 4],
      ['Application', 8],
    ],
  )
  assert.deepEqual(parse('').resources, [])
})

test('anchors and merged objects are followed', () => {
  const { contract } = model(`kind: Model
name: m
runtime: r:1
contract:
  inputs: &fields
    a: &field {type: float32, shape: [2]}
    b: {<<: *field, type: int8}
  outputs: *fields
`)
  assert.deepEqual(contract?.outputs, contract?.inputs)
  assert.deepEqual(contract?.inputs[1], {
    name: 'b',
    dtype: 'DT_INT8',
    shape: { dims: [2] },
    profile: 'NONE',
  })
})

const IN_MODEL = 'kind: Model\nname: m\nruntime: r:1\n'
const IN_FIELD = `${IN_MODEL}contract:\n  outputs: {y: {type: int8}}\n  inputs:\n    x: `

/** Text, and each line of what is said about it. */
const MISTAKES: readonly (readonly [string, ...RegExp[]])[] = [
  [
    'name: m\n',
    /^serving\.yaml, line 1, column 1: No 'kind' field specified in serving\.yaml; the kinds are Model, App/,
  ],
  [
    'kind: Modle\nname: m\n',
    /line 1, column 7: kind: Kind Modle in serving\.yaml is not supported; did you mean 'Model'\?/,
  ],
  ['kind: HostSelector\nname: m\n', /Kind HostSelector in serving\.yaml is not supported; the kinds/],
  ['- a\n', /a list is not a resource/],
  ['kind: Model\nruntime: r:1\n', /line 1, column 1: name is missing/],
  [
    'kind: Model\nname: Big.Model\nruntime: r:1\n',
    /line 2, column 7: name: 'Big\.Model' is not a model's name/,
  ],
  ['kind: Model\nname: m\n', /runtime is missing/],
  [
    `${IN_MODEL}instal-command: x\n`,
    /line 4, column 17: instal-command: 'instal-command' is not known; did you mean 'install-command'\?/,
  ],
  [`${IN_MODEL}name: b\n`, /line 4, column 7: name: 'name' is there twice/],
  [`${IN_MODEL}install_command: x\ninstall-command: y\n`, /line 5.*there twice, as install_command too/],
  [
    `${IN_MODEL}metadata: {a: {b: 1}, c: [1]}\n`,
    /metadata\.a: an object is not a text/,
    /metadata\.c: a list is not a text/,
  ],
  [`${IN_MODEL}monitoring-configuration: {batch-size: 0}\n`, /batch-size: 0 is not an integer from 1 to/],
  [
    `${IN_MODEL}monitoring: [{name: a, config: {monitoring-model: m, threshold: x, operator: Les}}]\n`,
    /'m' is not a model version/,
    /threshold: 'x' is not a number/,
    /'Les' is not an operator; did you mean 'Less'\?/,
  ],
  [
    `${IN_MODEL}contract: {inputs: {}}\n`,
    /line 4, column 20: contract\.inputs: there must be at least one field/,
    /contract: outputs are missing/,
  ],
  [
    `${IN_FIELD}{type: int3}\n`,
    /line 7, column 15: contract\.inputs\.x\.type: 'int3' is not a type; did you mean 'int(8|32)'\?; the types are bool, string/,
  ],
  [`${IN_FIELD}{shape: [1]}\n`, /contract\.inputs\.x: type is missing/],
  [
    `${IN_FIELD}{type: int8, shape: [2, -1]}\n`,
    /line 7, column 32: contract\.inputs\.x\.shape\[1\]: -1 may only be the first dimension/,
  ],
  [`${IN_FIELD}{type: int8, shape: vector}\n`, /shape: 'vector' is not a shape: 'scalar', or a list/],
  [
    `${IN_FIELD}{type: int8, shape: [-2, 1.5]}\n`,
    /shape\[0\]: -2 is not an integer/,
    /shape\[1\]: 1\.5 is not an integer/,
  ],
  [
    `${IN_FIELD}{type: int8, profile: numeric}\n`,
    /profile: 'numeric' is not a profile; .*the profiles are none, categorical/,
  ],
  [`${IN_FIELD}{type: int8, fields: {a: {type: int8}}}\n`, /a field with further fields has no type/],
  ['kind: Application\nname: a b\nsingular: {model: m:1}\n', /'a b' is not an application's name/],
  ['kind: Application\nname: a\n', /no 'singular' or 'pipeline' fields/],
  ['kind: Application\nname: a\nsingular: {model: m:1}\npipeline: []\n', /line 4.*can't have both/],
  [
    'kind: Application\nname: a\nsingular: {model: m}\n',
    /singular\.model: 'm' is not a model version; it must be 'name:version'/,
  ],
  ['kind: Application\nname: a\npipeline: []\n', /at least one stage/],
  [
    'kind: Application\nname: a\npipeline:\n - [{model: m:1, weight: 80}, {model: m:2, weight: 10}]\n',
    /line 4, column 4: pipeline\[0\]: Sum of weights must equal 100\. Current sum: 90/,
  ],
  ['kind: Application\nname: a\npipeline:\n - [{model: m:1}, {model: m:2}]\n', /Current sum: 200/],
  [
    'kind: Application\nname: a\npipeline:\n - [{model: m:1, weight: 150}, {model: m:2, weight: -50}]\n',
    /weight: 150 is not an integer from 0 to 100/,
    /weight: -50 is not/,
  ],
  [
    'kind: DeploymentConfiguration\nname: d\nhpa: {minReplicas: 3, maxReplicas: 2}\n',
    /minReplicas 3 is larger than maxReplicas 2/,
  ],
  [
    'kind: DeploymentConfiguration\nname: d\nhpa: {cpuUtilization: 101}\n',
    /101 is not an integer from 1 to 100/,
  ],
  [
    'kind: DeploymentConfiguration\nname: d\ncontainer: {resources: {limits: {cpu: lots}}}\n',
    /limits\.cpu: 'lots' is not a quantity/,
  ],
  [
    'kind: DeploymentConfiguration\nname: d\npod: {tolerations: [{effect: Never}]}\n',
    /'Never' is not an effect; the effects are NoSchedule/,
  ],
  ['kind: Model\n  name: m\n', /^serving\.yaml, line \d, column \d+: this is not YAML: /],
  ['kind: Model\nname: *nobody\n', /there is no anchor 'nobody'|Aliased anchor not found|Unresolved alias/],
]

test('every mistake is named with its place, value and what is allowed', () => {
  for (const [text, ...expected] of MISTAKES) {
    const lines = mistakes(text)
    for (const pattern of expected) {
      assert.ok(
        lines.some(line => pattern.test(line)),
        `${pattern} of ${text}\n${lines.join('\n')}`,
      )
    }
    for (const line of lines) assert.match(line, /^serving\.yaml, line \d+, column \d+: /)
  }
})

test('a field that is nothing like ours is warned of', () => {
  assert.deepEqual(parse(`${IN_MODEL}colour: red\n`).warnings, [
    "serving.yaml, line 4, column 9: colour: 'colour' is not known and has no effect; the fields here are kind, name, " +
      'runtime, contract, signature, payload, install-command, training-data, metadata, monitoring-configuration, monitoring',
  ])
})

test('hostile files end soon and in an error', () => {
  const laughs = Array.from({ length: 30 }, (_, index) =>
    index === 0 ? 'l0: &l0 [x, x]' : `l${index}: &l${index} [*l${index - 1}, *l${index - 1}]`,
  ).join('\n')
  const inAffinity = `kind: DeploymentConfiguration\nname: d\npod:\n  affinity:\n    nodeAffinity:\n${laughs.replaceAll(/^/gm, '      ')}`
  const hostile = {
    'bombs of aliases': [inAffinity, /more than 50000 values, each use of an anchor counted/],
    'an anchor inside itself': [
      'kind: DeploymentConfiguration\nname: d\npod: {affinity: {nodeAffinity: &a [*a]}}\n',
      /64 deep|anchor/,
    ],
    'merges of itself': [
      'kind: Model\nname: m\nruntime: r:1\nmetadata: &a {<<: *a, b: c}\n',
      /64 deep|anchor|50000/,
    ],
    'open brackets': ['['.repeat(100_000), /lists and objects lie more than 256 deep/],
    'deep indentation': [`kind: Model\nname: m\nmetadata: ${'- '.repeat(50_000)}`, /./],
    'too many bytes': ['#'.repeat(1024 * 1024 + 1), /has 1048577 bytes; at most 1048576 are read/],
    'too many documents': ['---\na: 1\n'.repeat(1001), /has 1001 documents; at most 1000 are read/],
    'many names': [
      Array.from({ length: 60_000 }, (_, index) => `k${index}:`)
        .join('\n')
        .slice(0, 1_000_000),
      /./,
    ],
    'a name like a prototype': ['kind: __proto__\nname: m\n', /Kind __proto__/],
  } as const
  for (const [name, [text, pattern]] of Object.entries(hostile)) {
    assert.match(mistakes(text).join('\n'), pattern, name)
  }
})
