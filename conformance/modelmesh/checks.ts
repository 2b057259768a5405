import type { Checks } from '../checks/check.ts'

const ONE_SERVER = 'a mesh here is one server: where among several a model goes is for ModelMesh to decide'
const FULL_DISK = 'packages/server/cache/test/full-disk.test.ts'
const MESH_MODELS = 'packages/server/repository/mesh-models.test.ts'
const RUNTIME_RULES = 'packages/platform/manifests/serving-runtime-rules.test.ts'
const DEFINITIONS = 'packages/platform/manifests/resource-definitions.test.ts'
const MODEL_RULES = 'packages/platform/manifests/inference-service.test.ts'

/** By number. */
export const CHECKS: Checks = {
  // In the place of MLServer, behind its adapter
  1: { says: 'the port answers without any model, and without content in the folder' },
  2: { says: 'ready with no models' },
  3: { says: 'ready while a model loads, and after one failed' },
  4: { says: "the server's version is told" },
  5: { says: 'the index of an empty, missing or unreadable folder is empty' },
  6: { says: "the dummy model's name is not listed" },
  7: { says: 'the index lists what is loaded, and each of it can be unloaded' },
  8: { says: 'after the purge nothing remains, and one poll is enough' },
  9: { says: 'a folder made just now is found' },
  10: { says: 'settings by name; absolute URIs; links to files and folders' },
  11: { says: 'models with settings of their own; unknown keys' },
  12: { says: 'the classes of stock runtimes; one that nobody has' },
  13: { says: 'a class for models that name none, and none' },
  14: { says: 'inputs and outputs of the settings are the metadata' },
  15: { says: 'a load ends when the model answers' },
  16: { says: 'a load of an unknown name' },
  17: { says: 'a load of a broken artefact names file and cause' },
  18: { says: 'a model loaded twice serves without a gap' },
  19: { says: 'two models load at once' },
  20: { says: 'a cancelled load stops, and leaves nothing behind' },
  21: { says: 'an unload of an unknown name' },
  22: { says: 'an unload frees the model before it ends' },
  23: { says: 'an unload waits for running requests' },
  24: { says: 'the text for a model that is not loaded' },
  25: { says: 'no other refusal looks like that of a missing model' },
  26: { says: 'the reply names what was asked for' },
  27: { says: 'raw tensors are answered raw, typed ones typed' },
  28: { says: 'large messages pass' },
  29: { says: 'unknown metadata of a request is no reason to refuse it' },
  30: { says: 'a deadline ends the work' },
  31: { says: 'ports of others are left alone' },
  32: { says: 'an index of 5000 models fits into 4 MB' },
  33: { says: 'a thousand loaded models slow nothing down' },
  34: { says: 'a killed server comes back empty, and the mesh replays' },
  // A runtime without adapter: mmesh.ModelRuntime
  35: { says: 'runtimeStatus: starting, then ready with its fields' },
  36: { says: 'capacity, concurrency and time-out are large enough for the mesh' },
  37: { says: 'loadModel with a local path, and with a place in a storage' },
  38: { says: 'the type of a model as object and as text; labels' },
  39: { says: 'a measured size, at once or when asked' },
  40: { says: 'a predicted size in time, or none' },
  41: { says: 'unloadModel as often as one likes' },
  42: { says: 'loadModel of what is loaded' },
  43: { says: 'bad paths and keys leave nothing behind' },
  44: { says: 'ports and Unix sockets' },
  45: { says: 'methods and where the id is written' },
  46: { says: 'how many requests of one model at once' },
  // Management: mmesh.ModelMesh
  47: { says: 'the seven methods and the numbers of their fields' },
  48: { says: 'registering a model twice' },
  49: { says: 'the status of an unknown model' },
  50: { says: 'unregistering an unknown model, and one that an alias needs' },
  51: { says: 'a load at once, awaited or not' },
  52: { says: 'every case of setVModel' },
  53: { says: 'an alias switches under load without a lost or mixed answer' },
  54: { says: 'a model that no alias needs any more is removed' },
  // Data plane of the mesh
  55: { says: 'where the id of a request stands, and which place wins' },
  56: {
    says: 'ids are read and written in messages, repeated ones too',
    alsoIn: [
      [
        'packages/sdk/protocol/modelmesh/id-path.test.ts',
        'of a name that a message has twice nobody reads the old one',
      ],
    ],
  },
  57: { says: 'every entry gives the same answer' },
  58: { says: 'texts for unknown models and aliases' },
  59: { says: 'methods that cannot be called' },
  60: { says: 'one request to several models' },
  61: { says: 'what happens for each code of a runtime' },
  62: { says: 'deadlines and cancellation reach the runtime' },
  63: { says: 'headers that stop here, and those that pass' },
  64: { says: 'the hook that is told of requests and answers' },
  // Cache and placement
  65: { says: 'the least recently used model goes' },
  66: { says: 'a preloaded model never displaces one in use' },
  67: { says: 'a model larger than predicted, and one larger than everything' },
  68: { says: 'a load waits for the unload it needs' },
  69: { says: 'requests of an evicted model are finished' },
  70: { says: 'loads that a request waits for come first' },
  71: { says: 'a load that takes too long' },
  72: { says: 'failures are remembered, and forgotten' },
  73: { says: 'churn is refused, and the client may try again' },
  74: { says: 'the order of places for a model', pending: ONE_SERVER },
  75: { says: 'which models may go where', pending: ONE_SERVER },
  76: { says: 'which copy answers' },
  77: { says: 'more copies under load, fewer when full' },
  78: { says: 'a second copy by pattern of use' },
  79: { says: 'a bound for requests of one model that wait' },
  80: { says: 'a graceful stop loses nothing' },
  81: {
    says: 'a killed instance loses nothing',
    alsoIn: [
      [
        'packages/server/cache/test/crash.test.ts',
        'nothing that was acknowledged is lost by a kill, at thirty moments',
      ],
    ],
  },
  82: {
    says: 'a registry that is down, at the start and later',
    alsoIn: [[FULL_DISK, 'what cannot be written is taken back: in memory at once, and after a restart']],
  },
  83: { says: 'registry and loaded models are brought together' },
  84: {
    says: 'records of vanished instances are removed',
    pending: 'a mesh here is one server: nothing is recorded of others',
  },
  85: {
    says: 'ten thousand registered models, a thousand loaded',
    pending: 'conformance/scale/run.ts measures it, which takes longer than tests may',
  },
  // Resources
  86: {
    says: "every field of a runtime's resource, and each rule",
    alsoIn: [
      [RUNTIME_RULES, 'are all told at once'],
      [DEFINITIONS, 'they do refuse what they do not know'],
    ],
  },
  87: {
    says: 'resources of the stock runtimes with another image',
    alsoIn: [[RUNTIME_RULES, 'the stock runtime for MLServer passes with another image']],
  },
  88: {
    says: "both forms of a model's resource mean the same model",
    alsoIn: [
      [MODEL_RULES, 'an InferenceService and a Predictor that say the same become the same model'],
      [MODEL_RULES, 'every form of a storage URI'],
    ],
  },
  89: {
    says: 'states, reasons and messages',
    pending: "they are written by ModelMesh's controller, whose place Millrace does not take",
  },
  90: {
    says: 'the id of a model follows its resource',
    alsoIn: [[MODEL_RULES, 'the id changes with the resource, and with nothing else']],
  },
  91: {
    says: 'entries of storages: s3, http and pvc are fetched, of gcs and azure it is said that they are not',
    alsoIn: [
      [MESH_MODELS, 'S3 with credentials of the storage, and parameters over them'],
      [MESH_MODELS, 'HTTP with headers of its own, which no other host gets to see'],
      [MESH_MODELS, 'a volume claim is a folder of this machine'],
      [MESH_MODELS, 'what is missing, unknown or not fetched here'],
    ],
  },
  92: {
    says: 'schema files',
    alsoIn: [
      [MESH_MODELS, 'the worked example: a file, its format and its schema'],
      [MESH_MODELS, 'are refused before anything is read'],
    ],
  },
  93: {
    says: 'metrics: names, units, labels, buckets',
    alsoIn: [
      [
        'packages/server/test/growth.test.ts',
        'thousands of models that come and go leave the figures of a hundred',
      ],
    ],
  },
  94: { says: 'routes and values of the REST proxy' },
  95: { says: 'probes and the hook before a stop' },
  96: { says: "rows of the original's own tests" },
}
