import { type ErrorCode, ServingError } from '@millrace/sdk'

/** How long a client that was turned away for want of room should wait. */
const RETRY_AFTER_MS = 1000

/** An error whose HTTP response needs headers of its own, e.g. `Allow` beside a 405. */
export class HttpRefusal extends ServingError {
  readonly headers: Readonly<{ [name: string]: string }>

  constructor(
    code: ErrorCode,
    message: string,
    httpStatus: number,
    headers: Readonly<{ [name: string]: string }>,
  ) {
    super(code, message, { httpStatus })
    this.headers = headers
  }
}

/** Everything the listener itself says to a client, in one place. */
export const listenerErrors = {
  routeNotFound: (method: string, path: string) =>
    new ServingError('NOT_FOUND', `${method} ${shorten(path)} does not exist`),

  methodNotAllowed: (method: string, path: string, allow: string) =>
    new HttpRefusal('UNIMPLEMENTED', `${method} is not allowed on ${shorten(path)}; allowed: ${allow}`, 405, {
      allow,
    }),

  malformedPath: (path: string) =>
    new ServingError('INVALID_ARGUMENT', `path ${shorten(path)} has a percent escape that is not UTF-8`),

  hostMissing: () => new ServingError('INVALID_ARGUMENT', 'header Host is missing; HTTP/1.1 requires it'),

  expectationUnknown: (expectation: string) =>
    new ServingError(
      'INVALID_ARGUMENT',
      `header Expect: ${shorten(expectation)} cannot be met; allowed: 100-continue`,
      { httpStatus: 417 },
    ),

  transferEncodingUnknown: (encoding: string) =>
    new ServingError(
      'UNIMPLEMENTED',
      `header Transfer-Encoding: ${shorten(encoding)} is not offered; allowed: chunked`,
      { httpStatus: 501 },
    ),

  connectNotOffered: () => new ServingError('UNIMPLEMENTED', 'CONNECT is not offered', { httpStatus: 501 }),

  bodyTooLarge: (maxBodyBytes: number) =>
    new ServingError('RESOURCE_EXHAUSTED', `request body is larger than ${maxBodyBytes} bytes`, {
      httpStatus: 413,
    }),

  contentEncodingUnknown: (encoding: string) =>
    new HttpRefusal(
      'UNIMPLEMENTED',
      `header Content-Encoding: ${shorten(encoding)} is not offered; allowed: gzip, deflate, identity`,
      415,
      { 'accept-encoding': 'gzip, deflate' },
    ),

  bodyNotDecodable: (encoding: string, cause: Error) =>
    new ServingError('INVALID_ARGUMENT', `request body is not valid ${encoding}: ${cause.message}`, {
      cause,
    }),

  bodyTooSlow: (timeoutMs: number) =>
    new ServingError('DEADLINE_EXCEEDED', `request body did not arrive within ${timeoutMs} ms`, {
      httpStatus: 408,
    }),

  headersTooSlow: (timeoutMs: number) =>
    new ServingError('DEADLINE_EXCEEDED', `request headers did not arrive within ${timeoutMs} ms`, {
      httpStatus: 408,
    }),

  headersTooLarge: (maxHeaderBytes: number) =>
    new ServingError(
      'RESOURCE_EXHAUSTED',
      `request line and headers are larger than ${maxHeaderBytes} bytes`,
      {
        httpStatus: 431,
      },
    ),

  malformed: (reason: string, cause: Error) =>
    new ServingError('INVALID_ARGUMENT', `malformed HTTP/1.1 request: ${reason}`, { cause }),

  deadlinePassed: (timeoutMs: number) =>
    new ServingError('DEADLINE_EXCEEDED', `no response within ${timeoutMs} ms`),

  clientGone: () =>
    new ServingError('CANCELLED', 'client closed the connection before the response was complete'),

  requestCutShort: () =>
    new ServingError('CANCELLED', 'client stopped sending before its request was complete'),

  tooManyRequests: (maxConcurrentRequests: number) =>
    overloaded(`${maxConcurrentRequests} requests are being answered already`),

  tooManyBytes: (maxInFlightBytes: number) =>
    overloaded(`request bodies of ${maxInFlightBytes} bytes are held already`),

  tooManyConnections: (maxConnections: number) =>
    overloaded(`${maxConnections} connections are open already`),

  shuttingDown: () =>
    new ServingError('UNAVAILABLE', 'server is shutting down', { retryAfterMs: RETRY_AFTER_MS }),
} as const

function overloaded(message: string): ServingError {
  return new ServingError('RESOURCE_EXHAUSTED', message, { httpStatus: 503, retryAfterMs: RETRY_AFTER_MS })
}

/** A client's text in an error message stays short enough to read and to log. */
function shorten(text: string): string {
  return text.length <= 200 ? text : `${text.slice(0, 200)}…`
}
