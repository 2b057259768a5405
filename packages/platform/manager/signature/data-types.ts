import type { Datatype } from '@millrace/sdk'

/** The datatypes that tensors can have, by their names in a signature. */
export const DATATYPES: Readonly<Record<string, Datatype>> = {
  DT_BOOL: 'BOOL',
  DT_UINT8: 'UINT8',
  DT_UINT16: 'UINT16',
  DT_UINT32: 'UINT32',
  DT_UINT64: 'UINT64',
  DT_INT8: 'INT8',
  DT_INT16: 'INT16',
  DT_INT32: 'INT32',
  DT_INT64: 'INT64',
  DT_HALF: 'FP16',
  DT_FLOAT: 'FP32',
  DT_DOUBLE: 'FP64',
  DT_BFLOAT16: 'BF16',
  DT_STRING: 'BYTES',
}

export const DATA_TYPE_NAMES: ReadonlyMap<Datatype, string> = new Map(
  Object.entries(DATATYPES).map(([name, datatype]) => [datatype, name]),
)
