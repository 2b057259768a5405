const texts = { type: 'array', items: { type: 'string' } } as const

/** `cors_settings`: which web pages of other origins may call the server. */
export const corsSettingsSchema = {
  type: ['object', 'null'],
  title: 'Cross-origin requests',
  description:
    'Lets web pages of other origins call the REST endpoints. Null: no CORS headers are sent. Each member also has a variable of its own, such as MLSERVER_ALLOW_ORIGINS.',
  default: null,
  additionalProperties: false,
  properties: {
    allow_origins: {
      ...texts,
      title: 'Allowed origins',
      description: 'Origins that may call, such as https://example.org; "*" stands for all.',
      default: [],
    },
    allow_origin_regex: {
      type: ['string', 'null'],
      title: 'Allowed origins, as a pattern',
      description: 'A regular expression that the whole origin must match.',
      default: null,
    },
    allow_credentials: {
      type: 'boolean',
      title: 'Allow credentials',
      description: 'Whether pages may send cookies and authorization.',
      default: false,
    },
    // MLServer's default is GET alone, with which no page can ask for an inference: the browser asks before
    // a POST with a JSON body, and is told no.
    allow_methods: {
      ...texts,
      title: 'Allowed methods',
      description: 'HTTP methods that pages may use; "*" stands for all.',
      default: ['GET', 'POST'],
    },
    allow_headers: {
      ...texts,
      title: 'Allowed headers',
      description:
        'Request headers that pages may set, beside Accept, Accept-Language, Content-Language and Content-Type; "*" stands for all.',
      default: [],
    },
    expose_headers: {
      ...texts,
      title: 'Exposed headers',
      description: 'Response headers that pages may read.',
      default: [],
    },
    max_age: {
      type: 'integer',
      title: 'Maximum age',
      description: 'Seconds for which a browser may remember the answer to a preflight request.',
      default: 600,
      minimum: 0,
      maximum: 86_400,
    },
  },
} as const
