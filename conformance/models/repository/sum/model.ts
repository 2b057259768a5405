import { type InferenceRequest, Model, type RequestContext, type Tensor } from '@millrace/sdk'

/**
 * MLServer's own probe model: the sum over the last axis of the first input, and every `x-` header
 * back. Its metadata says something else than it does, as there.
 */
export class Sum extends Model {
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
  for (const value of data) totals[Math.floor(index++ / width)]! += BigInt(Number(value))
  return totals
}
