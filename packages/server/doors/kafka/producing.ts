import { findErrorBy, type Producer } from '@platformatic/kafka'
import type { Produce } from './kafka-record.ts'

/** Less than brokers take in one request by default (socket.request.max.bytes): more would break the connection. */
const MAX_VALUE_BYTES = 64 * 1024 * 1024
/** What brokers call a record that they will not take however often it is sent. */
const TOO_LARGE = ['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'INVALID_RECORD']

/** Produces one record at a time; those of several calls travel side by side. */
export function producing(producer: Producer): Produce {
  return async ({ topic, key, value, headers }) => {
    if (value !== undefined && value.length > MAX_VALUE_BYTES) return false
    try {
      await producer.send({
        messages: [
          {
            topic,
            headers: new Map(headers),
            ...(key === undefined ? {} : { key }),
            ...(value === undefined ? {} : { value }),
          },
        ],
      })
      return true
    } catch (error) {
      if (error instanceof Error && TOO_LARGE.some(id => findErrorBy(error, 'apiId', id) !== null))
        return false
      throw error
    }
  }
}
