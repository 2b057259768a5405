import { randomUUID } from 'node:crypto'
import { type InferenceRequest, ServingError, type Violation } from '@millrace/sdk'
import type { ModelTarget } from '@millrace/sdk/client'
import { parseInferRequest } from '@millrace/sdk/protocol'
import { type InputLine, MAX_LINE_BYTES } from './input-lines.ts'

/** What a line asks. It has an id in any case. */
export interface LineRequest {
  readonly index: number
  readonly request: InferenceRequest & { readonly id: string }
}

/** Why a line cannot be asked. */
export interface LineDefect {
  readonly index: number
  readonly violations: readonly Violation[]
}

/** Reads a line as an inference request; a request without an id gets one. */
export function readLine({ index, bytes }: InputLine, target: ModelTarget): LineRequest | LineDefect {
  if (bytes === undefined) {
    return defect(index, 'too_long', `the line is longer than ${MAX_LINE_BYTES} bytes`)
  }
  try {
    const request = parseInferRequest(bytes, target)
    return { index, request: { ...request, id: request.id ?? randomUUID() } }
  } catch (error) {
    const { violations, message } = ServingError.from(error, 'the line cannot be read')
    if (violations === undefined) return defect(index, 'value_error', message)
    // The line is the body of a request, and its reader says so.
    return {
      index,
      violations: violations.map(each => ({
        ...each,
        loc: each.loc[0] === 'body' ? each.loc.slice(1) : each.loc,
      })),
    }
  }
}

function defect(index: number, type: string, msg: string): LineDefect {
  return { index, violations: [{ type, loc: [], msg }] }
}
