import { ServingError } from '../../errors/index.ts'
import type { InferenceResponse } from '../../model/index.ts'
import { CLOSE_BRACE, CLOSE_BRACKET, OPEN_BRACKET } from './ascii.ts'
import { ByteWriter } from './byte-writer.ts'
import { writeTensorData } from './tensor-data-writer.ts'
import { writeValue } from './value-writer.ts'

/** Members that the answer has of its own. */
const RESERVED: ReadonlySet<string> = new Set(['model_name', 'model_version', 'id'])

/**
 * Writes an answer as Triton's generate extension has it: one flat object with a member for each
 * parameter and each output, whose data are a list, or the value alone if there is one.
 * @throws ServingError FAILED_PRECONDITION for an output called like a member that means something else,
 * INVALID_ARGUMENT for one that cannot go as JSON
 */
export function serializeGenerateResponse(response: InferenceResponse): Uint8Array {
  const writer = new ByteWriter()
  writeGenerateResponse(writer, response)
  return writer.finish()
}

export function writeGenerateResponse(
  writer: ByteWriter,
  { modelName, modelVersion, id, parameters = {}, outputs }: InferenceResponse,
): void {
  const names = new Set(outputs.map(({ name }) => name))
  const clash = outputs.find(({ name }) => RESERVED.has(name))
  if (clash !== undefined) {
    throw new ServingError(
      'FAILED_PRECONDITION',
      `output '${clash.name}' has no place in a generate response, whose member of that name says something else; ask for it with an inference request`,
    )
  }
  writer.ascii('{"model_name":')
  writer.string(modelName)
  if (modelVersion !== undefined) {
    writer.ascii(',"model_version":')
    writer.string(modelVersion)
  }
  if (id !== undefined) {
    writer.ascii(',"id":')
    writer.string(id)
  }
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined || RESERVED.has(name) || names.has(name)) continue
    writeName(writer, name)
    writeValue(writer, value)
  }
  for (const output of outputs) {
    writeName(writer, output.name)
    const isSingle = output.data.length === 1
    if (!isSingle) writer.byte(OPEN_BRACKET)
    writeTensorData(writer, output)
    if (!isSingle) writer.byte(CLOSE_BRACKET)
  }
  writer.byte(CLOSE_BRACE)
}

function writeName(writer: ByteWriter, name: string): void {
  writer.ascii(',')
  writer.string(name)
  writer.ascii(':')
}
