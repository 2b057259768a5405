const optionalText = { type: ['string', 'null'], minLength: 1, default: null } as const

/** Our own fields for a server that is a mesh of its own: models are registered while it runs, and have aliases. */
export const meshSettingsSchemas = {
  model_mesh_enabled: {
    type: 'boolean',
    title: 'Register models while serving',
    description:
      'Offers mmesh.ModelMesh and /v2/mesh, by which models are registered and given aliases, and takes the names of models from metadata too. Needs model_memory_budget.',
    default: false,
  },
  model_mesh_data_folder: {
    ...optionalText,
    title: 'Folder of the register',
    description:
      'Where registered models and aliases are kept, for one server alone. Default: in memory, until the server stops.',
  },
  model_mesh_default_owner: {
    type: 'string',
    maxLength: 256,
    title: 'Owner of aliases',
    description:
      'Whose the aliases are that are made without an owner. Default: MM_DEFAULT_VMODEL_OWNER, or nobody.',
    default: '',
  },
} as const
