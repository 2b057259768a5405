/** Our own field for the headers of answers that describe them as events. */
export const cloudEventsSettingsSchemas = {
  cloudevents_enabled: {
    type: 'boolean',
    title: 'CloudEvents headers',
    description:
      'Describe each answer in CloudEvents headers (ce-id, ce-modelid, …) over REST, and in trailing metadata over gRPC.',
    default: true,
  },
} as const
