/** A tensor of FP32 as the workloads send it and expect it back. */
export interface BenchTensor {
  readonly shape: readonly number[]
  readonly data: Float32Array
}

/** Four values: what a small classical model takes. */
export const SMALL_TENSOR: BenchTensor = { shape: [1, 4], data: Float32Array.of(5.1, 3.5, 1.4, 0.2) }

const MEBIBYTE_ELEMENTS = (1024 * 1024) / Float32Array.BYTES_PER_ELEMENT

/** 1 MiB of values below one with all their digits, the same in every run. */
export function mebibyteTensor(): BenchTensor {
  const data = new Float32Array(MEBIBYTE_ELEMENTS)
  // A linear congruential generator with the constants of "Numerical Recipes": any scatter does.
  let state = 1
  for (let index = 0; index < data.length; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    data[index] = state / 2 ** 32
  }
  return { shape: [512, 512], data }
}

export function bytesOf({ data }: BenchTensor): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength)
}

/** @throws Error naming the first element that is not what was sent */
export function assertSameData(sent: BenchTensor, received: Float32Array): void {
  if (received.length !== sent.data.length) {
    throw new Error(`the answer has ${received.length} elements; ${sent.data.length} were sent`)
  }
  const different = sent.data.findIndex((value, index) => value !== received[index])
  if (different !== -1) {
    throw new Error(
      `element ${different} of the answer is ${received[different]}; ${sent.data[different]} was sent`,
    )
  }
}

/** @throws Error when the answer's datatype or shape are not those of the tensor sent */
export function assertSameTensor(sent: BenchTensor, datatype: unknown, shape: readonly unknown[]): void {
  if (datatype !== 'FP32') throw new Error(`the answer has datatype ${String(datatype)}; FP32 was sent`)
  if (shape.map(Number).join() !== sent.shape.join()) {
    throw new Error(`the answer has shape [${shape.join()}]; [${sent.shape.join()}] was sent`)
  }
}
