const KIB = 1024
const GIB = 1024 * 1024 * KIB

/** Our own fields for where models come from. */
export const sourceSettingsSchemas = {
  watch_model_repository: {
    type: 'boolean',
    title: 'Watch the model repository',
    description:
      'Load, reload and unload models as their folders change. Only a repository that is a folder is watched.',
    default: false,
  },
  allow_pickle: {
    type: 'boolean',
    title: 'Allow pickles',
    description:
      'Whether models may be read from pickles (.pkl, .pickle, .joblib), as those of scikit-learn are. A pickle runs ' +
      'whatever code it holds, so allow it only for models that you trust as you trust code.',
    default: false,
  },
  model_cache_dir: {
    type: 'string',
    minLength: 1,
    title: 'Folder for downloaded models',
    description:
      'Where models from s3:, https:, http: and oci: are kept and found again. Default: .models in the working directory.',
  },
  model_download_max_bytes: {
    type: 'integer',
    minimum: KIB,
    maximum: 1024 * 1024 * GIB,
    title: 'Largest model download',
    description:
      'Bytes of everything that one URI stands for, archives before and after unpacking; more is refused.',
    default: 64 * GIB,
  },
} as const
