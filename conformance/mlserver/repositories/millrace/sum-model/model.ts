import {
  type InferenceRequest,
  Model,
  type ModelRoute,
  type RequestContext,
  type Tensor,
} from '@millrace/sdk'

/** The sum over the last axis of the first input, every `x-` header back, and two routes of its own. */
export class Sum extends Model {
  override routes: readonly ModelRoute[] = [
    {
      method: 'POST',
      path: '/my-custom-endpoint',
      handle: request => ({
        json: (request.json() as readonly number[]).reduce((sum, value) => sum + value, 0),
      }),
    },
    {
      method: 'POST',
      path: '/custom-endpoint-with-long-response',
      handle: request => ({ json: { foo: 'f'.repeat(request.json() as number) } }),
    },
  ]

  override predict({ inputs: [input] }: InferenceRequest, context: RequestContext) {
    for (const [name, value] of Object.entries(context.headers)) {
      if (name.startsWith('x-')) context.setHeader(name, value)
    }
    const totals = sumRows(input!)
    return {
      outputs: [{ name: 'total', datatype: 'INT64' as const, shape: [totals.length, 1], data: totals }],
    }
  }
}

function sumRows({ shape, data }: Tensor): BigInt64Array {
  const width = shape.at(-1) ?? 1
  const totals = new BigInt64Array(width === 0 ? 0 : data.length / width)
  let index = 0
  for (const value of data) totals[Math.floor(index++ / width)]! += BigInt(Math.trunc(Number(value)))
  return totals
}
