import type { RouteRequest, RouteResponse } from '@millrace/sdk'
import { type Frame, list, text, whole } from '../channel/index.ts'

/** A request to a model's own route, as a frame's header; the body is the frame's. */
export function routeHeader(index: number, { method, path, params, query, headers }: RouteRequest): unknown {
  const values: Record<string, string[]> = {}
  for (const name of new Set(query.keys())) values[name] = query.getAll(name)
  return [index, method, path, params, values, headers]
}

export function readRouteResponse({ header, body }: Frame): RouteResponse {
  const [status, contentType, headers] = list(header)
  const all: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers ?? {})) all[name.toLowerCase()] = text(value)
  if (contentType !== null) all['content-type'] = text(contentType)
  return { status: whole(status), headers: all, body }
}
