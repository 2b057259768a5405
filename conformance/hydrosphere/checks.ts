import type { Checks } from '../checks/check.ts'

/** They need a browser, and run with conformance/ui/run.sh. */
const UI = 'conformance/ui'
const GOLDEN = 'packages/sdk/protocol/hydrosphere/golden-bytes.test.ts'
const TENSORS = 'packages/sdk/protocol/hydrosphere/tensor-reader.test.ts'
const PARSING = 'packages/platform/resources/parse-resources.test.ts'

/** By number. `[fix]` marks where the original did something else. */
export const CHECKS: Checks = {
  // Wire format
  1: { says: 'known byte strings are read and written', alsoIn: [[GOLDEN, 'a request is read and written']] },
  2: {
    says: 'a contract with one signature is the same in G1 and G2',
    alsoIn: [[GOLDEN, 'G1 and G2 write the same bytes for a contract without profiles']],
  },
  3: {
    says: 'two signatures of a G1 contract stay apart',
    alsoIn: [
      [GOLDEN, 'a contract of G1 with two signatures keeps them apart, whatever generation it is read as'],
    ],
  },
  4: {
    says: 'numbers of fields, packed and unpacked',
    alsoIn: [
      [
        'packages/sdk/protocol/hydrosphere/codec-properties.test.ts',
        'unpacked numbers are read as packed ones are',
      ],
    ],
  },
  5: {
    says: 'no shape and an empty shape are kept apart',
    alsoIn: [[GOLDEN, 'a scalar and any shape are kept apart']],
  },
  6: {
    says: 'numbers of types and profiles; unknown ones',
    alsoIn: [[TENSORS, 'known ones are named, others numbered']],
  },
  7: { says: 'values in the field of their type', alsoIn: [[TENSORS, 'of 16 bits are patterns']] },
  8: { says: '64-bit integers are exact', alsoIn: [[TENSORS, 'of 64 bits are exact']] },
  9: {
    says: 'the paths of Predict, and one that nobody serves',
    alsoIn: [[GOLDEN, 'the paths are those of the generated services']],
  },
  10: {
    says: 'where inputs lie, and fields of old answers',
    alsoIn: [[TENSORS, 'fields of old releases are skipped, and of entries with one name the last counts']],
  },
  11: { says: 'discovery of metrics: added is field 3' },
  12: { says: '20 MB pass in both directions' },
  // Runtime containers
  13: { says: 'contract.protobin in the right generation, files with their folders' },
  14: { says: "APP_PORT and MODEL_DIR are the platform's to say" },
  15: { says: 'the install command runs in files; a failure fails the version' },
  16: { says: 'pip.conf and certificates of the payload are found' },
  17: { says: 'G1: the signature is named; an unknown one is refused' },
  18: { says: 'G2: Status decides' },
  19: { says: 'G3: health decides; without both a connection does [fix]' },
  20: { says: "a runtime's refusals arrive unchanged" },
  21: { says: 'the documented runtime, mended, serves as G1 and G2' },
  22: { says: 'the documented runtime as it stands fails visibly [fix]' },
  23: { says: 'a relative command starts [fix]' },
  // Manager, version 1
  24: { says: 'registering a runtime' },
  25: { says: 'registering it twice is refused' },
  26: { says: 'listing runtimes' },
  27: { says: 'the form of errors in version 1' },
  // Manager, version 2
  28: { says: 'upload answers at once; missing parts' },
  29: { says: 'names of models and functions' },
  30: { says: 'numbers of versions' },
  31: { says: 'Assembling, then Released or Failed, told once' },
  32: { says: 'the stream of the build log' },
  33: { says: 'an interrupted build is Failed [fix]' },
  34: { says: 'the list of versions' },
  35: { says: 'one version; an unknown one' },
  36: { says: 'a model that is in use stays' },
  37: { says: 'external models' },
  38: { says: 'servables: name, states, deletion, logs' },
  39: { says: 'weights sum to 100' },
  40: { says: 'a single variant has weight 100' },
  41: { says: 'what an application is refused for' },
  42: { says: 'variants of a stage agree [fix]' },
  43: { says: 'stages fit each other [fix]' },
  44: { says: "an application's signature" },
  45: { says: "an application's status follows all its servables [fix]" },
  46: { says: 'PUT changes an application in place [fix]' },
  47: { says: 'a deleted application is gone, and its name free [fix]' },
  48: { says: 'deployment configurations' },
  49: { says: 'metric specifications' },
  50: { says: 'the stream of events' },
  51: { says: 'signatures as JSON, in both generations' },
  52: { says: 'host selectors' },
  // Gateway
  53: { says: 'a prediction over HTTP' },
  54: { says: 'applications that are not there or not ready' },
  55: { says: 'missing and surplus inputs' },
  56: { says: 'a text for a number [fix]' },
  57: { says: 'integers that are none, or too large [fix]' },
  58: { says: 'shapes of JSON values [fix]' },
  59: { says: 'any shape takes values and arrays [fix]' },
  60: { says: 'outputs as JSON [fix]' },
  61: { says: 'nested fields [fix]' },
  62: { says: "an output's type; missing and surplus outputs" },
  63: { says: 'ranks must be equal [fix]' },
  64: { says: 'a body that is no object [fix]' },
  65: { says: 'a runtime that fails or takes too long' },
  66: { says: 'a pipeline of stages' },
  67: { says: 'weights are the shares of answers [fix]' },
  68: { says: 'every variant gets every request; weight 0 never answers [fix]' },
  69: { says: 'a variant that is not picked may fail [fix]' },
  70: { says: 'two variants of equal weight both answer' },
  71: { says: 'the methods of the gateway over gRPC' },
  72: { says: 'what monitoring is told' },
  73: {
    says: 'monitoring that is down delays nothing [fix]',
    alsoIn: [
      [
        'packages/platform/monitoring/test/gateway-records.test.ts',
        'a database that hangs fails no request, and holds none up',
      ],
    ],
  },
  74: { says: 'the route of version 1' },
  75: { says: 'health, build information, CORS' },
  // Resource files and commands
  76: {
    says: 'kinds and spellings of fields',
    alsoIn: [[PARSING, 'hyphens, underscores and capitals in the names of fields make no difference']],
  },
  77: {
    says: 'shapes [fix]',
    alsoIn: [[PARSING, 'every mistake is named with its place, value and what is allowed']],
  },
  78: {
    says: 'words for types',
    alsoIn: [['packages/platform/resources/signature-json.test.ts', 'every word for a type has a way back']],
  },
  79: {
    says: 'words for profiles',
    alsoIn: [[PARSING, 'every mistake is named with its place, value and what is allowed']],
  },
  80: { says: 'metadata becomes text', alsoIn: [[PARSING, 'reads a whole model']] },
  81: {
    says: 'what an application must have [fix]',
    alsoIn: [[PARSING, 'reads applications: one model, stages, shadows']],
  },
  82: {
    says: 'several documents, files, folders, standard input [fix]',
    alsoIn: [[PARSING, 'documents stay in their order, and empty ones are left out']],
  },
  83: { says: 'apply of a model: log, failure [fix], metrics' },
  84: { says: 'apply of an application that is there' },
  85: {
    says: 'clusters that commands ask [fix]',
    alsoIn: [
      [
        'packages/platform/cli/manage/cluster-command.test.ts',
        'clusters are kept where the other command keeps them',
      ],
    ],
  },
  86: { says: 'training data from the command line [fix]' },
  // The Python SDK
  87: { says: 'SDK: connect, build information' },
  88: { says: 'SDK: build, wait for the release' },
  89: { says: 'SDK: versions are equal however they are found' },
  90: { says: 'SDK: applications and predictions' },
  91: { says: 'SDK: servables' },
  92: { says: 'SDK: deployment configurations and metrics' },
  93: { says: 'SDK: training data and analysis' },
  // User interface
  94: {
    says: 'UI: pages follow events',
    alsoIn: [
      [
        `${UI}/live.test.ts`,
        'check 94: models, versions, applications, servables and configurations change without a reload',
      ],
    ],
  },
  95: {
    says: 'UI: the build log is live',
    alsoIn: [
      [`${UI}/live.test.ts`, 'check 95: the build log streams, and goes on behind a connection that broke'],
    ],
  },
  96: {
    says: 'UI: the graph of an application',
    alsoIn: [
      [
        `${UI}/applications.test.ts`,
        'check 96: the graph shows stages, variants, weights and states, and upgrades a variant',
      ],
      [
        `${UI}/applications.test.ts`,
        'check 96: the form refuses weights that do not sum to 100, and saves those that do',
      ],
    ],
  },
  97: {
    says: 'UI: test requests [fix]',
    alsoIn: [
      [`${UI}/applications.test.ts`, 'check 97: the Test button waits until the application is ready'],
      [`${UI}/applications.test.ts`, 'check 97: dummy inputs of every type and shape are answered'],
    ],
  },
  98: {
    says: 'UI: a refused deletion [fix]',
    alsoIn: [
      [`${UI}/deletions.test.ts`, 'check 98: what is refused stays, and the reason of the server is shown'],
    ],
  },
  99: {
    says: 'UI: monitoring',
    alsoIn: [
      [`${UI}/monitoring.test.ts`, 'check 99: metrics are added in their dialog'],
      [`${UI}/monitoring.test.ts`, 'check 99: batches, their requests, latency and metrics'],
      [`${UI}/monitoring.test.ts`, 'check 99: the profile of a field, from training and from requests'],
      [`${UI}/monitoring.test.ts`, 'check 99: metrics are deleted in their dialog'],
    ],
  },
  // Monitoring
  100: { says: 'training data as CSV [fix]' },
  101: { says: 'states of training data' },
  102: { says: 'checks of fields' },
  103: { says: 'checks of metrics [fix]' },
  104: { says: 'batches' },
  105: { says: 'failed requests' },
  106: { says: 'profiles of any kind' },
  107: { says: 'drift' },
}
