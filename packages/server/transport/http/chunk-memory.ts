/** Below this the collector is cheaper: freeing makes an object of its own. */
const MIN_FREED_BYTES = 4096

/**
 * Frees the memory of a chunk whose bytes have been copied, at once instead of at some collection to come: bodies
 * of a mebibyte would otherwise make the engine collect its whole heap every few dozen requests. The chunk is empty
 * afterwards. What shares its memory with others stays as it is.
 */
export function freeChunk({ buffer, byteOffset, byteLength }: Uint8Array): void {
  if (byteLength < MIN_FREED_BYTES || byteOffset !== 0 || byteLength !== buffer.byteLength) return
  if (buffer instanceof ArrayBuffer) buffer.transfer(0)
}
