import {
  type BoundModel,
  describeValue,
  type ModelRoute,
  type RequestContext,
  type RouteRequest,
  type RouteResponse,
  ServingError,
} from '@millrace/sdk'

/** A route of a model's own, by which it is called. */
export interface RouteTarget {
  readonly modelName: string
  readonly method: ModelRoute['method']
  /** The pattern. */
  readonly path: string
}

/** The routes that a model has, as they were when it had loaded. */
export function routesOf({ model }: BoundModel): readonly ModelRoute[] {
  // Authors also write JavaScript, and a model of an older SDK knows no routes.
  const routes: unknown = model.routes
  return Array.isArray(routes) ? [...(routes as readonly ModelRoute[])] : []
}

/**
 * Has a route answer.
 * @throws ServingError NOT_FOUND for a route that the model has no more, INTERNAL for an answer that is none
 */
export async function answerRoute(
  routes: readonly ModelRoute[],
  { modelName, method, path }: RouteTarget,
  request: RouteRequest,
  context: RequestContext,
): Promise<RouteResponse> {
  const route = routes.find(candidate => candidate.method === method && candidate.path === path)
  if (route === undefined) {
    throw new ServingError('NOT_FOUND', `Model ${modelName} does not offer ${method} ${path} any more`)
  }
  const response: unknown = await route.handle(request, context)
  checkResponse(response, `Model ${modelName} answered ${method} ${path}`)
  return response
}

function checkResponse(response: unknown, subject: string): asserts response is RouteResponse {
  if (typeof response !== 'object' || response === null) {
    throw defect(`${subject} with ${describeValue(response)}; expected { status, headers, json or body }`)
  }
  const { status, body, json, headers } = response as { readonly [member in keyof RouteResponse]: unknown }
  if (status !== undefined && !isStatus(status)) {
    throw defect(`${subject} with status ${describeValue(status)}; expected an integer from 200 to 599`)
  }
  if (json !== undefined && body !== undefined) {
    throw defect(`${subject} with both json and body; expected one of them`)
  }
  if (body !== undefined && typeof body !== 'string' && !(body instanceof Uint8Array)) {
    throw defect(`${subject} with body ${describeValue(body)}; expected text or a Uint8Array`)
  }
  if (headers === undefined) return
  if (typeof headers !== 'object' || headers === null) {
    throw defect(`${subject} with headers ${describeValue(headers)}; expected an object`)
  }
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'string') continue
    throw defect(`${subject} with header '${name}' ${describeValue(value)}; expected text`)
  }
}

function isStatus(status: unknown): boolean {
  return typeof status === 'number' && Number.isInteger(status) && status >= 200 && status <= 599
}

function defect(message: string): ServingError {
  return new ServingError('INTERNAL', message)
}
