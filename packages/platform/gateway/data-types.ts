import type { Datatype } from '@millrace/sdk'

/** The data types of signatures that can be predicted with, by the names that signatures have for them. */
const DATATYPES: Readonly<Record<string, Datatype>> = {
  DT_FLOAT: 'FP32',
  DT_DOUBLE: 'FP64',
  DT_HALF: 'FP16',
  DT_BFLOAT16: 'BF16',
  DT_INT8: 'INT8',
  DT_INT16: 'INT16',
  DT_INT32: 'INT32',
  DT_INT64: 'INT64',
  DT_UINT8: 'UINT8',
  DT_UINT16: 'UINT16',
  DT_UINT32: 'UINT32',
  DT_UINT64: 'UINT64',
  DT_BOOL: 'BOOL',
  DT_STRING: 'BYTES',
}

const NAMES = new Map(Object.entries(DATATYPES).map(([name, datatype]) => [datatype, name]))

/** The datatype of tensors that a signature's `dtype` means; undefined for complex, quantised and unknown ones. */
export function datatypeOf(dtype: string): Datatype | undefined {
  return Object.hasOwn(DATATYPES, dtype) ? DATATYPES[dtype] : undefined
}

/** What a signature calls a datatype, or that of groups, which have none. */
export function dtypeOf(datatype: Datatype | undefined): string {
  return datatype === undefined ? 'DT_MAP' : NAMES.get(datatype)!
}
