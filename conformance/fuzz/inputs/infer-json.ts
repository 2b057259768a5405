import fc from 'fast-check'
import { jsonArray, jsonLiteral, jsonNumber, jsonObject, jsonString, jsonValue, mostly } from './json-text.ts'

/** Datatypes of the protocol, with the range of integers that their elements have. */
const INTEGERS: Readonly<Record<string, readonly [bigint, bigint]>> = {
  UINT8: [0n, 255n],
  UINT16: [0n, 65_535n],
  UINT32: [0n, 4_294_967_295n],
  UINT64: [0n, 18_446_744_073_709_551_615n],
  INT8: [-128n, 127n],
  INT16: [-32_768n, 32_767n],
  INT32: [-2_147_483_648n, 2_147_483_647n],
  INT64: [-9_223_372_036_854_775_808n, 9_223_372_036_854_775_807n],
}
const DATATYPES = ['BOOL', 'BYTES', 'FP16', 'FP32', 'FP64', 'BF16', ...Object.keys(INTEGERS)]

const extents = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 })
const contentType = fc.constantFrom('"str"', '"base64"', '"np"', '"pd"', '"datetime"', '"none"')
const parameters = jsonObject(
  {},
  {
    content_type: contentType,
    binary_data: jsonLiteral,
    binary_data_size: jsonNumber,
    binary_data_output: jsonLiteral,
    classification: jsonNumber,
    anything: jsonValue,
  },
)

function elements(datatype: string): fc.Arbitrary<string> {
  const range = INTEGERS[datatype]
  if (range !== undefined) return fc.bigInt({ min: range[0], max: range[1] }).map(String)
  if (datatype === 'BOOL') return fc.constantFrom('true', 'false', '1', '0')
  return datatype === 'BYTES' ? jsonString : jsonNumber
}

/** Elements in a flat list, or in lists as the shape has them. */
function data(datatype: string, shape: readonly number[]): fc.Arbitrary<string> {
  const count = shape.reduce((product, extent) => product * extent, 1)
  return fc
    .tuple(fc.array(mostly(elements(datatype)), { minLength: count, maxLength: count }), fc.boolean())
    .map(([items, isNested]) => (isNested ? inLists(items, shape) : jsonArray(items)))
}

function inLists(items: readonly string[], [extent, ...rest]: readonly number[]): string {
  if (extent === undefined) return items[0] ?? '0'
  const width = extent === 0 ? 0 : items.length / extent
  return jsonArray(
    Array.from({ length: extent }, (_, index) =>
      inLists(items.slice(index * width, (index + 1) * width), rest),
    ),
  )
}

const tensor = fc.tuple(fc.constantFrom(...DATATYPES), extents).chain(([datatype, shape]) =>
  jsonObject(
    {
      name: fc.constantFrom('"input"', '"row"', '"numbers"', '"label"', '"when"', '"bytes"'),
      datatype: fc.constant(`"${datatype}"`),
      shape: fc.constant(jsonArray(shape.map(String))),
      data: data(datatype, shape),
    },
    { parameters },
  ),
)

const requestedOutput = jsonObject({ name: fc.constantFrom('"input"', '"row"', '"total"') }, { parameters })

/** Bodies of inference requests: right in most places, wrong in any. */
export const inferJson: fc.Arbitrary<string> = mostly(
  jsonObject(
    { inputs: fc.array(mostly(tensor), { maxLength: 3 }).map(jsonArray) },
    {
      id: jsonString,
      parameters,
      outputs: fc.array(mostly(requestedOutput), { maxLength: 2 }).map(jsonArray),
    },
  ),
)
