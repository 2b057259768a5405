import type { ServerCall } from './call.ts'
import type { GrpcMessage, GrpcStreamMethod } from './grpc-types.ts'
import { RequestMessages } from './request-messages.ts'

/** Lets the handler read and answer in its own time; ends the call when its answers end. */
export function serveStream(call: ServerCall, method: GrpcStreamMethod, maxMessageBytes: number): void {
  const messages = new RequestMessages(call, method, maxMessageBytes)
  const answers = method.handle(messages, call)[Symbol.asyncIterator]()
  call.whenDecided = failure => {
    messages.stop(failure)
    if (failure !== undefined) abandon(answers)
  }
  // A client may cancel politely, without an error code; node then waits for somebody to read what
  // has arrived, which a paused stream would never do.
  call.stream.on('aborted', () => {
    call.cancel()
    call.stream.resume()
  })
  void sendAnswers(call, answers)
}

async function sendAnswers(call: ServerCall, answers: AsyncIterator<GrpcMessage>): Promise<void> {
  try {
    for (let step = await answers.next(); step.done !== true; step = await answers.next()) {
      await call.send(step.value)
      if (call.isDecided) return
    }
    call.succeed()
  } catch (error) {
    call.fail(error)
  }
}

/** Lets the handler clean up. A generator that waits for something does so when that is there. */
function abandon(answers: AsyncIterator<GrpcMessage>): void {
  answers.return?.().then(undefined, ignore)
}

/** The call has its status already, and the client is not told twice. */
function ignore(): void {}
