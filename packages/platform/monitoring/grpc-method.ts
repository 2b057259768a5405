/** Bytes in, bytes out; a `ServingError` says why not. Fits the methods that the server's listener takes. */
export interface MonitoringMethod {
  readonly kind: 'unary'
  readonly handle: (message: Uint8Array) => Uint8Array | Promise<Uint8Array>
}
