import { ServingError } from '@millrace/sdk'
import { EXIT, type ExitCode } from './exit-codes.ts'

/** Ends a command with one line on standard error that says what to do, and an exit code. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure'
  readonly exitCode: ExitCode

  constructor(message: string, exitCode: ExitCode, cause?: unknown) {
    super(message, { cause })
    this.exitCode = exitCode
  }
}

interface SystemError extends Error {
  readonly code: string
  readonly address?: string
  readonly port?: number
}

/** Puts an error of starting a server into words for the person at the terminal. */
export function describeStartFailure(error: unknown): CommandFailure {
  if (error instanceof CommandFailure) return error
  if (isSystemError(error)) {
    const place = `${error.address ?? 'this address'}:${error.port ?? ''}`
    switch (error.code) {
      case 'EADDRINUSE':
        return new CommandFailure(
          `port ${place} is taken by another program; stop it, or choose other ports with --http-port, --grpc-port and --metrics-port`,
          EXIT.listen,
        )
      case 'EACCES':
        return new CommandFailure(`listening on ${place} is not allowed; choose a port above 1023`, EXIT.listen)
      case 'EADDRNOTAVAIL':
      case 'ENOTFOUND':
        return new CommandFailure(`${place} is not an address of this machine; check --host (MLSERVER_HOST)`, EXIT.listen)
    }
  }
  if (ServingError.is(error)) return new CommandFailure(error.message, EXIT.configuration, error)
  return new CommandFailure(error instanceof Error ? (error.stack ?? error.message) : String(error), EXIT.unexpected, error)
}

function isSystemError(error: unknown): error is SystemError {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && 'syscall' in error
}
