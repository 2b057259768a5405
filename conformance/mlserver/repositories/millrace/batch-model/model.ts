import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import {
  type InferenceRequest,
  Model,
  type ModelResponse,
  type RequestContext,
  ServingError,
} from '@millrace/sdk'

let calls = 0

/**
 * Tells for every row its `sum`, how many `rows` the call had, and which `call` of this process it was; and every `x-`
 * header back. A value of -1 makes the call fail, one of -2 answer without outputs,
 * one of -3 write `entered` into the folder `parameters.extra.marks` and wait until there is `release`.
 */
export class Batch extends Model {
  override async predict(
    { inputs: [input] }: InferenceRequest,
    context: RequestContext,
  ): Promise<ModelResponse> {
    for (const [name, value] of Object.entries(context.headers)) {
      if (name.startsWith('x-')) context.setHeader(name, value)
    }
    const values = Array.from<unknown, number>(input!.data as Iterable<unknown>, Number)
    if (values.includes(-1)) throw new ServingError('INVALID_ARGUMENT', 'something really bad happened')
    if (values.includes(-2)) return { outputs: [] }
    const { marks } = this.settings.extra as { marks?: string }
    if (values.includes(-3) && marks !== undefined) {
      writeFileSync(join(marks, 'entered'), '')
      while (!existsSync(join(marks, 'release'))) await setTimeout(20)
    }
    const call = ++calls
    const rows = input!.shape[0] ?? 1
    const width = values.length / rows
    const column = (name: string, value: (row: number) => number) => ({
      name,
      datatype: 'FP64' as const,
      shape: [rows, 1],
      data: Float64Array.from({ length: rows }, (_, row) => value(row)),
    })
    return {
      outputs: [
        column('sum', row =>
          values.slice(row * width, (row + 1) * width).reduce((sum, value) => sum + value, 0),
        ),
        column('rows', () => rows),
        column('call', () => call),
      ],
    }
  }
}
