import type { ServerOptions } from 'node:http2'
import type { GrpcLimits } from './grpc-types.ts'

const MIB = 1_048_576
const MAX_UINT32 = 2 ** 32 - 1

/**
 * Bytes that a client may send on one stream before it must wait for us. The default of 64 KiB makes
 * a tensor of 1 MiB wait sixteen times.
 */
const STREAM_WINDOW_BYTES = 16 * MIB

/** The same for all streams of a connection together, so that one large tensor does not block the rest. */
export const CONNECTION_WINDOW_BYTES = 64 * MIB

/** For clients that use it: fewer frame headers per tensor. No larger, or small calls queue behind it. */
const MAX_FRAME_BYTES = MIB / 4

/**
 * Streams that one connection may reset before it is closed, and how many more each second. A reset
 * before the message is complete costs us a stream object and no inference, and one after it costs
 * no more than the call would have; so the limit need only be far below what keeps a core busy
 * (about 30,000 streams a second) and may be far above nghttp2's own (1,000, then 33 a second),
 * which a client with tight deadlines or hedged requests reaches in good faith.
 */
const STREAM_RESET_BURST = 5000
const STREAM_RESETS_PER_SECOND = 500

/** Fields of a header block. Metadata of real clients stays below 50. */
const MAX_HEADER_FIELDS = 128

/** Memory of a session besides the answers that wait in it: header tables, stream objects, frames. */
const SESSION_OVERHEAD_BYTES = 64 * MIB
/** node counts a megabyte as a million bytes. */
const BYTES_PER_MEGABYTE = 1_000_000

/**
 * Frames that make no sense, over the life of a connection. Connections between servers live for
 * weeks, but a client that is not broken sends none.
 */
const MAX_INVALID_FRAMES = 1000

/**
 * What node's HTTP/2 server is told. nghttp2 protects beyond that: it closes a connection that opens
 * more streams than it was told it may, that asks for 1,000 acknowledgements (pings, settings)
 * without reading them, or that sends a header block in more than 8 continuations. Pings themselves
 * are answered and never punished, however often they come.
 */
export function http2Options(limits: GrpcLimits): ServerOptions {
  const answersBytes = limits.maxConcurrentStreams * limits.maxMessageBytes
  return {
    settings: {
      initialWindowSize: STREAM_WINDOW_BYTES,
      maxFrameSize: MAX_FRAME_BYTES,
      maxConcurrentStreams: limits.maxConcurrentStreams,
      maxHeaderListSize: limits.maxHeaderBytes,
    },
    maxHeaderListPairs: MAX_HEADER_FIELDS,
    streamResetBurst: STREAM_RESET_BURST,
    streamResetRate: STREAM_RESETS_PER_SECOND,
    maxSessionInvalidFrames: MAX_INVALID_FRAMES,
    // node counts streams again, and lags behind when many are reset at once: what it rejects is in
    // good faith, and after 100 in its life a connection would be closed. The limits above and below
    // this count hold without it.
    maxSessionRejectedStreams: MAX_UINT32,
    // The default of 10 MB counts answers that wait to be sent, and refuses new streams while they
    // do. As many answers as there may be streams must fit.
    maxSessionMemory: Math.min(
      Math.ceil((answersBytes + SESSION_OVERHEAD_BYTES) / BYTES_PER_MEGABYTE),
      MAX_UINT32,
    ),
  }
}
