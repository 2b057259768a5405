import { echoes, type Scenario, tensor } from './scenario.ts'

/** Largest finite value, smallest normal one and smallest above zero, by datatype. */
const FLOATS = {
  FP16: [65504, 2 ** -14, 2 ** -24],
  FP32: [(2 - 2 ** -23) * 2 ** 127, 2 ** -126, 2 ** -149],
  FP64: [Number.MAX_VALUE, 2 ** -1022, Number.MIN_VALUE],
  BF16: [(2 - 2 ** -7) * 2 ** 127, 2 ** -126, 2 ** -133],
}

const INTEGERS: Readonly<Record<string, readonly (number | bigint)[]>> = {
  UINT8: [0, 1, 0xff],
  UINT16: [0, 1, 0xffff],
  UINT32: [0, 1, 0xffff_ffff],
  UINT64: [0n, 1n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n],
  INT8: [-0x80, -1, 0, 0x7f],
  INT16: [-0x8000, -1, 0, 0x7fff],
  INT32: [-0x8000_0000, -1, 0, 0x7fff_ffff],
  INT64: [-(2n ** 63n), -(2n ** 53n) - 1n, -1n, 0n, 2n ** 53n + 1n, 2n ** 63n - 1n],
}

/** Every datatype there and back, at both ends of what it can say. */
export const DATATYPE_ROWS: readonly Scenario[] = [
  echoes('BOOL', tensor('x', 'BOOL', [2], [true, false])),
  ...Object.entries(INTEGERS).map(([datatype, values]) =>
    echoes(`${datatype} at both ends`, tensor('x', datatype, [values.length], values)),
  ),
  ...Object.entries(FLOATS).map(([datatype, [largest = 0, normal = 0, smallest = 0]]) => {
    const values = [0, -0, 1.5, -largest, largest, normal, smallest]
    return echoes(`${datatype} at both ends`, tensor('x', datatype, [values.length], values))
  }),
  ...Object.keys(FLOATS).map(datatype =>
    echoes(`${datatype}: NaN`, tensor('x', datatype, [2], [Number.NaN, 1])),
  ),
  ...Object.keys(FLOATS).map(datatype =>
    echoes(`${datatype}: infinities`, tensor('x', datatype, [3], [Infinity, -Infinity, 1])),
  ),
  echoes(
    'BYTES as text',
    tensor('x', 'BYTES', [5], ['', 'plain', '"quoted" \\ \n', 'żółw 🦦', '\u0000 and \u001f']),
  ),
  echoes(
    'BYTES that are not text, with a NUL',
    tensor(
      'x',
      'BYTES',
      [3],
      [Uint8Array.of(0xff, 0x00, 0xfe), Uint8Array.of(0xc3), Uint8Array.of(0xed, 0xa0, 0x80)],
    ),
  ),
  echoes(
    'BYTES that look like JSON and numbers',
    tensor('x', 'BYTES', [4], ['null', '[1]', '1e400', '\uFEFFmark']),
  ),
]
