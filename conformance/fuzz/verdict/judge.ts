import type { FuzzInput } from '../inputs/fuzz-input.ts'
import type { Outcome } from '../wire/outcome.ts'
import { judgeGrpc } from './judge-grpc.ts'
import { judgeRaw } from './judge-raw.ts'
import { judgeRest } from './judge-rest.ts'

/** What is wrong with the answer to an input, or `undefined`. */
export function judge(input: FuzzInput, outcome: Outcome): string | undefined {
  if (outcome.kind === 'lost') return outcome.reason
  if (outcome.kind === 'rest' && input.kind === 'rest') return judgeRest(outcome.reply, input)
  if (outcome.kind === 'grpc' && input.kind === 'grpc') return judgeGrpc(input, outcome.reply)
  if (outcome.kind === 'raw' && input.kind === 'raw') return judgeRaw(input, outcome.bytes, outcome.isClosed)
  return undefined
}

/** The answer in a word, to count by. */
export function summarize(outcome: Outcome): string {
  if (outcome.kind === 'rest') return String(outcome.reply.status)
  if (outcome.kind === 'grpc') return outcome.reply.grpcStatus ?? `HTTP ${outcome.reply.httpStatus}`
  if (outcome.kind === 'raw') return outcome.bytes.length === 0 ? 'closed' : 'answered'
  return outcome.kind
}
