const KIB = 1024
const TIB = 1024 ** 4
/** Longer than any sensible wait, and within what a timer of Node.js can count. */
const WEEK_SECONDS = 7 * 24 * 3600

/** Our own fields for more models than memory. The response cache is another one: `cache_enabled`. */
export const cacheSettingsSchemas = {
  model_memory_budget: {
    type: ['integer', 'null'],
    minimum: 64 * KIB,
    maximum: TIB,
    title: 'Memory for models',
    description:
      'Bytes that all loaded models may take together. Models are then loaded by the first request for them, and the ones not used for longest give way; load_models_at_startup loads only those with memory_pinned. Null: every model is loaded and stays.',
    default: null,
  },
  model_memory_max_loads: {
    type: 'integer',
    minimum: 1,
    maximum: 1024,
    title: 'Loads at once',
    description: 'Models that are loaded side by side, with model_memory_budget.',
    default: 4,
  },
  model_memory_max_waiting: {
    type: 'integer',
    minimum: 1,
    maximum: 1_000_000,
    title: 'Requests that wait for models',
    description:
      'Requests that may wait for models to be loaded, of all models together; more are refused at once with a hint when to come back.',
    default: 1000,
  },
  model_memory_idle: {
    type: ['number', 'null'],
    minimum: 0.001,
    maximum: WEEK_SECONDS,
    title: 'Idle time of models',
    description:
      'Seconds after which a model that nobody has asked is unloaded, with model_memory_budget. Null: when others need its memory.',
    default: null,
  },
  model_memory_copy_rate: {
    type: 'integer',
    minimum: 1,
    maximum: 1_000_000_000,
    title: 'Requests that bring a copy',
    description:
      'With model_memory_budget a model is on one worker first. It gets a copy on a further one when each of its copies is asked so many times a minute or more, or its requests pile up, at two looks in a row (there is one every 10 seconds) and there is memory for it; copies are dropped when their memory is needed and they are not.',
    default: 2000,
  },
  model_memory_churn_age: {
    type: 'number',
    minimum: 0,
    maximum: WEEK_SECONDS,
    title: 'Least age at eviction',
    description:
      'A model that was used less than so many seconds ago does not give way to another, whose requests are refused with a hint when to come back. 0: it does.',
    default: 0,
  },
  model_memory_retry: {
    type: 'number',
    minimum: 0.001,
    maximum: WEEK_SECONDS,
    title: 'Retry of failed loads',
    description:
      'Seconds for which a model that could not be loaded is not tried again, with model_memory_budget; twice as many after each further failure.',
    default: 5,
  },
  model_memory_longest_retry: {
    type: 'number',
    minimum: 0.001,
    maximum: WEEK_SECONDS,
    title: 'Longest retry of failed loads',
    description: 'Seconds that model_memory_retry grows to at most.',
    default: 300,
  },
  model_memory_failure_expiry: {
    type: 'number',
    minimum: 0.001,
    maximum: WEEK_SECONDS,
    title: 'Expiry of failed loads',
    description: 'Seconds after which it is forgotten that a model could not be loaded.',
    default: 900,
  },
} as const
