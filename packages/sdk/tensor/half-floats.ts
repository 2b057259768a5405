/** The value of each `BF16` element: its 16 bits are the upper half of a float32, so nothing is lost. */
export function bf16ToFloat32(data: Uint16Array): Float32Array {
  const bits = new Uint32Array(data.length)
  for (let index = 0; index < data.length; index++) bits[index] = data[index]! << 16
  return new Float32Array(bits.buffer)
}

/**
 * Rounds to the nearest `BF16`, ties to even. NaN stays NaN with its sign; what is beyond the largest
 * `BF16` becomes infinite, as IEEE 754 has it.
 */
export function float32ToBf16(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length)
  const data = new Uint16Array(values.length)
  for (let index = 0; index < data.length; index++) data[index] = roundToBf16(bits[index]!)
  return data
}

/** The `BF16` bits nearest to the float32 whose bits are `word`. */
export function roundToBf16(word: number): number {
  const isNaN = (word & 0x7fffffff) > 0x7f800000
  // Rounding a NaN could carry into the exponent and make it infinite: keep it quiet instead.
  return isNaN ? (word >>> 16) | 0x40 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16
}
