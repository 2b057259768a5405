import { ServingError } from '@millrace/sdk'
import type { ServerCall } from './call.ts'
import type { GrpcMessage, GrpcUnaryMethod } from './grpc-types.ts'
import { MessageReader, type ReceivedMessage, truncated } from './message-reader.ts'

/** Reads the one message of a call, and answers when the client has said that there are no more. */
export function serveUnary(call: ServerCall, method: GrpcUnaryMethod, maxMessageBytes: number): void {
  const reader = new MessageReader({
    maxMessageBytes,
    memory: call.memory,
    alignAt: method.alignAt,
    isSingle: true,
  })
  let request: ReceivedMessage | undefined
  call.stream.on('data', (chunk: Buffer) => {
    if (call.isDecided) return
    try {
      reader.add(chunk)
      request ??= reader.take()
      // Looks at what follows the message: nothing may.
      if (request !== undefined) reader.take()
    } catch (error) {
      call.fail(error)
    }
  })
  call.stream.on('end', () => {
    // A stream that was reset ends as well.
    if (call.isDecided || call.stream.destroyed || call.stream.closed) return
    if (reader.isInsideMessage) call.fail(truncated())
    else if (request === undefined) call.fail(missing())
    else answer(call, method, request)
  })
}

/** A handler that answers at once is spared the turns of the microtask queue. */
function answer(call: ServerCall, method: GrpcUnaryMethod, request: ReceivedMessage): void {
  try {
    if (method.hasOwnTimeLimit === true) call.suspendTimeLimit()
    const message = call.open(request)
    // A compressed one is not what the handler gets.
    if (method.isRequestDone === true && request.isAlone && !request.isCompressed)
      call.freedWhenSent = request.bytes
    const reply =
      message instanceof Promise ? handleOpened(call, method, message) : method.handle(message, call)
    if (reply instanceof Promise) void sendLater(call, reply)
    else send(call, reply)
  } catch (error) {
    call.fail(error)
  }
}

async function handleOpened(
  call: ServerCall,
  method: GrpcUnaryMethod,
  message: Promise<Uint8Array>,
): Promise<GrpcMessage> {
  return method.handle(await message, call)
}

async function sendLater(call: ServerCall, reply: Promise<GrpcMessage>): Promise<void> {
  try {
    const message = await reply
    call.resumeTimeLimit()
    send(call, message)
  } catch (error) {
    call.fail(error)
  }
}

function send(call: ServerCall, reply: GrpcMessage): void {
  const sent = call.send(reply)
  if (sent === undefined) call.succeed()
  else
    sent.then(
      () => call.succeed(),
      (error: unknown) => call.fail(error),
    )
}

function missing(): ServingError {
  return new ServingError('UNIMPLEMENTED', 'the client sent no message to a unary method')
}
