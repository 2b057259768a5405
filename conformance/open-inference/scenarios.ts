import { BAD_INPUT_ROWS } from './scenarios/bad-inputs.ts'
import { DATATYPE_ROWS } from './scenarios/datatypes.ts'
import { HEADER_ROWS } from './scenarios/headers.ts'
import { MODEL_FAILURE_ROWS } from './scenarios/model-failures.ts'
import { PARAMETER_ROWS } from './scenarios/parameters.ts'
import { REQUEST_ROWS } from './scenarios/requests.ts'
import type { Scenario } from './scenarios/scenario.ts'
import { TENSOR_ROWS } from './scenarios/tensors.ts'
import { VERSION_ROWS } from './scenarios/versions.ts'

/** The one table that holds REST and gRPC to the same answers, by theme. */
export const SCENARIOS: Readonly<Record<string, readonly Scenario[]>> = {
  datatypes: DATATYPE_ROWS,
  tensors: TENSOR_ROWS,
  requests: REQUEST_ROWS,
  parameters: PARAMETER_ROWS,
  headers: HEADER_ROWS,
  'models and versions': VERSION_ROWS,
  'bad inputs': BAD_INPUT_ROWS,
  'models that fail': MODEL_FAILURE_ROWS,
}
