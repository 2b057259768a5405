import type { GatewayCall } from './gateway-call.ts'

/** A request as the gateway's routes see it; the server's listener gives more, which they do not need. */
export interface GatewayHttpRequest extends GatewayCall {
  /** Values of the route's `:name` segments. */
  readonly params: Readonly<{ [name: string]: string }>
  body(): Promise<Uint8Array>
}

export interface GatewayHttpResponse {
  readonly status: number
  readonly headers: Readonly<{ [name: string]: string }>
  readonly body: Uint8Array
}

/** Fits the routes that the server's listener takes. */
export interface GatewayRoute {
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** Answered even when the listener is at its limit of concurrent requests. */
  readonly isExemptFromLimits?: boolean
  readonly handle: (request: GatewayHttpRequest) => GatewayHttpResponse | Promise<GatewayHttpResponse>
}

export function jsonResponse(status: number, value: unknown): GatewayHttpResponse {
  return jsonBytes(status, Buffer.from(JSON.stringify(value)))
}

export function jsonBytes(status: number, body: Uint8Array): GatewayHttpResponse {
  return { status, headers: { 'content-type': 'application/json' }, body }
}
