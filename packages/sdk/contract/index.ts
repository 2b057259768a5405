export {
  type ContractDefinition,
  defineContract,
  type FieldDefinition,
  type ModelContract,
  PROFILES,
  type Profile,
  type TensorSpec,
  toModelContract,
} from './contract.ts'
export { type ContractCheck, compileContractCheck, shapeMatches } from './contract-check.ts'
export { exampleInputs } from './example-inputs.ts'
export { inferShape } from './shape-inference.ts'
