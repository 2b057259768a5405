/**
 * Most inputs, and most requested outputs, of one message. A tensor takes a dozen bytes on the wire and
 * some hundred in memory, so without a bound a small message could claim a lot of it. A table with
 * one tensor a column stays far below.
 */
export const MAX_TENSORS = 16_384

/** Most dimensions of a tensor, as in NumPy. */
export const MAX_DIMENSIONS = 64
