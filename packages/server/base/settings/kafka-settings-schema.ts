const file = { type: 'string', minLength: 1, maxLength: 4096 } as const
const topic = { pattern: '^[A-Za-z0-9._-]{1,249}$', maxLength: 249 } as const

/** How a SASL password is proved to a broker. */
export const SASL_MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const

/** Our own fields for Kafka, which MLServer has no word for. */
export const kafkaSettingsSchemas = {
  kafka_group_id: {
    type: ['string', 'null'],
    minLength: 1,
    maxLength: 249,
    title: 'Kafka consumer group',
    description:
      'Servers of one group share the records, and answer each at least once, those included that arrive while none runs; a new group begins at the oldest record. Null: as MLServer does, each server answers every record that arrives while it runs.',
    default: null,
  },
  kafka_max_in_flight: {
    type: 'integer',
    minimum: 1,
    maximum: 10_000,
    title: 'Kafka records at once',
    description: 'Records that are worked on at once; more wait at the broker.',
    default: 32,
  },
  kafka_dead_letter_topic: {
    type: ['string', 'null'],
    ...topic,
    title: 'Kafka dead-letter topic',
    description:
      'The topic that records which cannot be answered go to, as they came and with the error in their headers. Null: an error is answered in the output topic.',
    default: null,
  },
  kafka_security: {
    type: ['object', 'null'],
    title: 'Security of Kafka connections',
    description:
      'How brokers are reached and what this server shows them. Files are read again at every connect. Null: neither TLS nor a password.',
    default: null,
    additionalProperties: false,
    properties: {
      tls: {
        type: ['object', 'null'],
        title: 'TLS',
        description:
          'Encrypts the connections and checks the brokers; {} checks with the authorities of the system.',
        default: null,
        additionalProperties: false,
        properties: {
          ca_file: {
            ...file,
            title: 'Certificate authority',
            description:
              'PEM file with the authorities that issue certificates to brokers. Default: those of the system.',
          },
          certificate_file: {
            ...file,
            title: 'Certificate',
            description: 'PEM file with the certificate that this server shows to brokers. Default: none.',
          },
          key_file: {
            ...file,
            title: 'Key',
            description: "PEM file with the certificate's private key. Default: none.",
          },
        },
      },
      sasl: {
        type: ['object', 'null'],
        title: 'SASL',
        description: 'The name and the password that this server shows to brokers.',
        default: null,
        additionalProperties: false,
        required: ['mechanism', 'username', 'password_file'],
        properties: {
          mechanism: {
            enum: SASL_MECHANISMS,
            title: 'Mechanism',
            description: 'How the password is proved; PLAIN sends it as it is.',
          },
          username: {
            type: 'string',
            minLength: 1,
            maxLength: 1024,
            title: 'User',
            description: 'The name that brokers know this server by.',
          },
          password_file: {
            ...file,
            title: 'Password',
            description: 'File with the password; a line break at its end is not part of it.',
          },
        },
      },
    },
  },
} as const
