const KIB = 1024
const MIB = 1024 * KIB
const TIB = 1024 * 1024 * MIB

const bytes = { type: 'integer', minimum: 8 * KIB, maximum: TIB } as const
const optionalText = { type: ['string', 'null'], minLength: 1, default: null } as const

/** Our own fields for a server that stands in ModelMesh without an adapter, and for the models of a mesh. */
export const modelRuntimeSettingsSchemas = {
  model_runtime_endpoint: {
    ...optionalText,
    pattern: '^(?:port:\\d{1,5}|unix:.+)$',
    title: 'Endpoint for ModelMesh',
    description:
      'Where mmesh.ModelRuntime is offered, so that ModelMesh loads and unloads models here without an adapter: port:8085 or unix:/path. Default: nowhere.',
  },
  model_runtime_data_endpoint: {
    ...optionalText,
    pattern: '^unix:.+$',
    title: 'Unix socket for requests',
    description:
      'A Unix socket that takes gRPC requests beside the gRPC port, such as unix:/path; it may be that of model_runtime_endpoint.',
  },
  model_runtime_host: {
    type: 'string',
    minLength: 1,
    title: 'Host of the endpoint for ModelMesh',
    description:
      'The address that a port of model_runtime_endpoint binds to. ModelMesh calls from the same pod.',
    default: '127.0.0.1',
  },
  model_runtime_socket_mode: {
    enum: ['0600', '0660', '0666'],
    title: 'Permissions of Unix sockets',
    description:
      "Who may connect to a Unix socket of ModelMesh: the server's user, its group too, or everybody.",
    default: '0660',
  },
  model_runtime_capacity: {
    ...bytes,
    type: ['integer', 'null'],
    title: 'Memory for models of ModelMesh',
    description:
      'Bytes that ModelMesh may fill with models. Default: the memory of the container or the machine without model_runtime_memory_buffer.',
    default: null,
  },
  model_runtime_memory_buffer: {
    ...bytes,
    minimum: 0,
    title: 'Memory kept from ModelMesh',
    description: 'Bytes of the measured memory that are kept for the server itself and for requests.',
    default: 256 * MIB,
  },
  model_runtime_default_size: {
    ...bytes,
    title: 'Size of an unknown model',
    description: 'Bytes that ModelMesh expects of a model of which nothing is known.',
    default: 1_000_000,
  },
  model_runtime_loading_concurrency: {
    type: 'integer',
    minimum: 1,
    maximum: 1024,
    title: 'Loads of ModelMesh at once',
    description:
      'Models that ModelMesh loads side by side. One after the other they are measured most exactly.',
    default: 1,
  },
  model_runtime_limits_concurrency: {
    type: 'boolean',
    title: 'Let ModelMesh limit requests',
    description:
      'Has ModelMesh send a model no more requests at once than its max_concurrent_requests, and add copies by latency.',
    default: false,
  },
  mesh_models_folder: {
    ...optionalText,
    title: 'Folder of mesh models',
    description:
      'The folder that local paths of models of a mesh must lie in. Default: the model repository, or ROOT_MODEL_DIR, or /models.',
  },
  mesh_storage_folder: {
    ...optionalText,
    title: 'Storages of mesh models',
    description:
      'The folder with one JSON file for each storage that models of a mesh name by its key. Default: STORAGE_CONFIG_DIR, or /storage-config.',
  },
} as const
