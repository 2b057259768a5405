/** The channel to a Python process: frames over a socket. */
export { FROM_PYTHON, type Frame, TO_PYTHON } from './frame.ts'
export { createFrameReader } from './frame-reader.ts'
export { createFrameWriter, type FrameWriter, type SentFrame } from './frame-writer.ts'
export {
  type Description,
  type Failure,
  list,
  readDescription,
  readFailure,
  readResponse,
  text,
  whole,
  writeRequest,
} from './message.ts'
