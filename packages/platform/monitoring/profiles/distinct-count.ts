/** `values` while they are few, `registers` (base64) once they are many. */
export type DistinctState = { readonly values: readonly (number | string)[] } | { readonly registers: string }

/** Counts different values: exactly up to {@link EXACT_MAX}, then by estimate. */
export interface DistinctCount {
  add(value: number | string): void
  merge(state: DistinctState): void
  readonly count: () => number
  readonly isExact: () => boolean
  readonly state: () => DistinctState
}

/** So many are remembered one by one. */
export const EXACT_MAX = 256
/** Texts longer than this are remembered by their hash alone. */
const TEXT_LENGTH_MAX = 64

const INDEX_BITS = 10
const REGISTERS = 1 << INDEX_BITS
/** Of a single estimate: 1.04/√1024. */
export const DISTINCT_STANDARD_ERROR = 1.04 / Math.sqrt(REGISTERS)

const numberBits = new DataView(new ArrayBuffer(8))

/** Estimates are those of a HyperLogLog of 1024 registers, with a standard error of 3.3 %. */
export function createDistinctCount(start: DistinctState = { values: [] }): DistinctCount {
  let values: Set<number | string> | null = new Set()
  let registers: Uint8Array | null = null

  function toRegisters(): Uint8Array {
    if (registers !== null) return registers
    registers = new Uint8Array(REGISTERS)
    for (const value of values!) note(registers, value)
    values = null
    return registers
  }

  function add(value: number | string): void {
    const short = typeof value === 'string' && value.length > TEXT_LENGTH_MAX ? hashName(value) : value
    if (values === null) return note(registers!, short)
    values.add(short)
    if (values.size > EXACT_MAX) toRegisters()
  }

  function merge(state: DistinctState): void {
    if ('values' in state) {
      for (const value of state.values) add(value)
      return
    }
    const own = toRegisters()
    for (const [index, rank] of Buffer.from(state.registers, 'base64').entries()) {
      if (index < REGISTERS && rank > own[index]!) own[index] = rank
    }
  }

  merge(start)
  return {
    add,
    merge,
    count: () => values?.size ?? estimate(registers!),
    isExact: () => values !== null,
    state: () =>
      values === null ? { registers: Buffer.from(registers!).toString('base64') } : { values: [...values] },
  }
}

function note(registers: Uint8Array, value: number | string): void {
  const [high, low] = hash(value)
  const index = high >>> (32 - INDEX_BITS)
  // Leading zeros of the remaining 22 bits and the 32 bits behind them.
  const rest = (high << INDEX_BITS) >>> 0
  const zeros = rest === 0 ? 32 - INDEX_BITS + Math.clz32(low) : Math.clz32(rest)
  if (zeros + 1 > registers[index]!) registers[index] = zeros + 1
}

function estimate(registers: Uint8Array): number {
  let sum = 0
  let emptyCount = 0
  for (const rank of registers) {
    sum += 2 ** -rank
    if (rank === 0) emptyCount++
  }
  const raw = ((0.7213 / (1 + 1.079 / REGISTERS)) * REGISTERS * REGISTERS) / sum
  const isSparse = raw <= 2.5 * REGISTERS && emptyCount > 0
  return Math.round(isSparse ? REGISTERS * Math.log(REGISTERS / emptyCount) : raw)
}

function hashName(text: string): string {
  const [high, low] = hash(text)
  return `#${high.toString(16)}.${low.toString(16)}.${text.length}`
}

/** 64 bits in two numbers; the same in every process, as states of several are merged. */
function hash(value: number | string): readonly [high: number, low: number] {
  let high = 0x9e3779b9
  let low = 0x7f4a7c15
  if (typeof value === 'number') {
    numberBits.setFloat64(0, value)
    const [first, second] = [numberBits.getUint32(0), numberBits.getUint32(4)]
    high = mix(mix(high ^ first) ^ second)
    low = mix(mix(low ^ second) + first)
  } else {
    for (let at = 0; at < value.length; at++) {
      const unit = value.charCodeAt(at)
      high = Math.imul(high ^ unit, 0x01000193)
      low = mix(low + unit)
    }
    high = mix(high ^ low)
  }
  return [high >>> 0, mix(low ^ high) >>> 0]
}

/** Lets every bit of a number depend on every other. */
function mix(bits: number): number {
  let mixed = bits ^ (bits >>> 16)
  mixed = Math.imul(mixed, 0x21f0aaad)
  mixed ^= mixed >>> 15
  mixed = Math.imul(mixed, 0x735a2d97)
  return mixed ^ (mixed >>> 15)
}
