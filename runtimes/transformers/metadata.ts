import type { Datatype, TensorSpec } from '@millrace/sdk'
import { OUTPUT } from './answer.ts'
import type { OptionKind } from './option-kinds.ts'
import { TEXT_INPUT } from './read-call.ts'
import type { Task } from './tasks.ts'

const DATATYPES: Readonly<Record<OptionKind, Datatype | undefined>> = {
  count: 'INT64',
  natural: 'INT64',
  number: 'FP32',
  positive: 'FP32',
  boolean: 'BOOL',
  text: 'BYTES',
  texts: 'BYTES',
  ignored: undefined,
}

/**
 * The inputs of a task, for its metadata. Only those that make text have theirs published, because the generate
 * extension needs to find `text_input` there; the others take their options in any datatype, which a contract would
 * refuse.
 */
export function inputsOf(task: Task): readonly TensorSpec[] {
  if (!task.isStreaming) return []
  const texts = [TEXT_INPUT, 'args', 'array_inputs', 'text_inputs', 'inputs'].map(
    (name): TensorSpec => ({ name, datatype: 'BYTES', shape: [-1], isOptional: true }),
  )
  const options = Object.entries(task.options).flatMap(([name, kind]): TensorSpec[] => {
    const datatype = DATATYPES[kind]
    // Not -1: what is one for a whole request cannot be joined with that of another.
    return datatype === undefined ? [] : [{ name, datatype, shape: [1], isOptional: true }]
  })
  return [...texts, ...options]
}

/** A JSON text for each answer, or a plain one. */
export const OUTPUTS: readonly TensorSpec[] = [{ name: OUTPUT, datatype: 'BYTES', shape: [-1, 1] }]
