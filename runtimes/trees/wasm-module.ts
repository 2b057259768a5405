/** One function of a module: its parameters and locals, and its instructions without the closing `end`. */
export interface WasmFunction {
  readonly name: string
  readonly parameterCount: number
  /** All parameters are i32, and so are these. */
  readonly localCount: number
  readonly body: readonly number[]
}

/** Numbers of instructions and types, as the specification of WebAssembly has them. */
export const OP = {
  loop: 0x03,
  if: 0x04,
  end: 0x0b,
  branchIf: 0x0d,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  i32Load: 0x28,
  i32Const: 0x41,
  i32LessUnsigned: 0x49,
  i32LessEqualUnsigned: 0x4d,
  i32Add: 0x6a,
  i32Subtract: 0x6b,
  i32Or: 0x72,
  i32Xor: 0x73,
  i32ShiftLeft: 0x74,
  noResult: 0x40,
} as const

const I32 = 0x7f
const MAGIC_AND_VERSION = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]

/** The bytes of a module that exports `functions` and imports its memory as `env.memory`. */
export function encodeModule(functions: readonly WasmFunction[]): Uint8Array<ArrayBuffer> {
  const types = functions.map(({ parameterCount }) => [
    0x60,
    ...list(Array.from({ length: parameterCount }, () => [I32])),
    ...list([]),
  ])
  const memory = [...text('env'), ...text('memory'), 0x02, 0x00, ...unsigned(1)]
  const exported = functions.map(({ name }, index) => [...text(name), 0x00, ...unsigned(index)])
  const codes = functions.map(({ localCount, body }) => {
    const code = [...list([[...unsigned(localCount), I32]]), ...body, OP.end]
    return [...unsigned(code.length), ...code]
  })
  return Uint8Array.from([
    ...MAGIC_AND_VERSION,
    ...section(1, list(types)),
    ...section(2, list([memory])),
    ...section(3, list(functions.map((_, index) => unsigned(index)))),
    ...section(7, list(exported)),
    ...section(10, list(codes)),
  ])
}

/** LEB128. */
export function unsigned(value: number): number[] {
  const bytes: number[] = []
  let left = value
  while (left >= 0x80) {
    bytes.push((left % 0x80) | 0x80)
    left = Math.floor(left / 0x80)
  }
  return [...bytes, left]
}

/** `i32.const` of a number from 0 to 63: its LEB128 with sign has one byte. */
export function constant(value: number): number[] {
  return [OP.i32Const, value]
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...unsigned(content.length), ...content]
}

function list(items: readonly (readonly number[])[]): number[] {
  return [...unsigned(items.length), ...items.flat()]
}

function text(value: string): number[] {
  const bytes = [...new TextEncoder().encode(value)]
  return [...unsigned(bytes.length), ...bytes]
}
