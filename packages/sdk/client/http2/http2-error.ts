/** Codes of RFC 9113, section 7, as far as they are spoken of here. */
export const HTTP2_CODE = {
  noError: 0,
  protocolError: 1,
  internalError: 2,
  flowControlError: 3,
  frameSizeError: 6,
  refusedStream: 7,
  cancel: 8,
  compressionError: 9,
  enhanceYourCalm: 11,
  inadequateSecurity: 12,
} as const

/** What ends a whole connection: the other side broke the protocol, or asked for too much. */
export class Http2Error extends Error {
  /** What the other side is told. */
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.name = 'Http2Error'
    this.code = code
  }
}

export function protocolError(message: string): Http2Error {
  return new Http2Error(HTTP2_CODE.protocolError, message)
}

export function compressionError(message: string): Http2Error {
  return new Http2Error(HTTP2_CODE.compressionError, message)
}
