/** Words for data types in resource files, and the names that the manager's JSON has for them. */
const WORDS: Readonly<Record<string, string>> = {
  bool: 'DT_BOOL',
  string: 'DT_STRING',
  half: 'DT_HALF',
  float16: 'DT_HALF',
  float32: 'DT_FLOAT',
  float64: 'DT_DOUBLE',
  double: 'DT_DOUBLE',
  int8: 'DT_INT8',
  int16: 'DT_INT16',
  int32: 'DT_INT32',
  int64: 'DT_INT64',
  uint8: 'DT_UINT8',
  uint16: 'DT_UINT16',
  uint32: 'DT_UINT32',
  uint64: 'DT_UINT64',
  qint8: 'DT_QINT8',
  quint8: 'DT_QUINT8',
  qint16: 'DT_QINT16',
  quint16: 'DT_QUINT16',
  qint32: 'DT_QINT32',
  complex64: 'DT_COMPLEX64',
  complex128: 'DT_COMPLEX128',
}

/** Further words that are understood, and not written. `float` is what Python means by it. */
const SYNONYMS: Readonly<Record<string, string>> = {
  str: 'DT_STRING',
  byte: 'DT_INT8',
  short: 'DT_INT16',
  int: 'DT_INT64',
  single: 'DT_FLOAT',
  float: 'DT_DOUBLE',
  ubyte: 'DT_UINT8',
  ushort: 'DT_UINT16',
  complex: 'DT_COMPLEX128',
  variant: 'DT_VARIANT',
}

/** Every data type that a field of a signature may have in JSON. */
export const DATA_TYPES: ReadonlySet<string> = new Set([
  ...Object.values(WORDS),
  'DT_BFLOAT16',
  'DT_RESOURCE',
  'DT_VARIANT',
])

/** The words that messages list. */
export const DATA_TYPE_WORDS: readonly string[] = Object.keys(WORDS)

/** The data type that a word means, however it is capitalised; its name in JSON is understood too. */
export function dataTypeOf(word: string): string | undefined {
  const lower = word.toLowerCase()
  const upper = word.toUpperCase()
  if (Object.hasOwn(WORDS, lower)) return WORDS[lower]
  if (Object.hasOwn(SYNONYMS, lower)) return SYNONYMS[lower]
  return DATA_TYPES.has(upper) ? upper : undefined
}

/** The word for a data type, or its name where there is no word. */
export function wordOfDataType(dataType: string): string {
  // `float16` and `float64` say more than their synonyms.
  if (dataType === 'DT_HALF') return 'float16'
  return DATA_TYPE_WORDS.find(word => WORDS[word] === dataType) ?? dataType
}
