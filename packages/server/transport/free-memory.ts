/**
 * Frees memory at once that would otherwise wait for the collector, whose rounds over the whole heap large bodies
 * bring on every few dozen requests. Every view of it is empty afterwards. What somebody has transferred already
 * stays where it went.
 */
export function freeMemory({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && !buffer.detached) buffer.transfer(0)
}

/** {@link freeMemory} for a chunk that nobody needs any more, unless it shares its memory with others. */
export function freeChunk(chunk: Uint8Array): void {
  if (chunk.byteLength === chunk.buffer.byteLength) freeMemory(chunk)
}
