/** What a typed array over 8-byte elements needs. */
const ALIGNMENT_BYTES = 8

/**
 * Memory of exactly `sizeBytes`, not yet written, whose byte `alignAt` lies at a multiple of 8.
 * The memory belongs to nothing else (no slab is shared), so it may be transferred to a worker.
 * @param alignAt -1 for "any"
 */
export function allocateAligned(sizeBytes: number, alignAt: number): Buffer {
  const paddingBytes = alignAt <= 0 ? 0 : (ALIGNMENT_BYTES - (alignAt % ALIGNMENT_BYTES)) % ALIGNMENT_BYTES
  return Buffer.allocUnsafeSlow(sizeBytes + paddingBytes).subarray(paddingBytes)
}
