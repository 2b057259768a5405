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
  readonly syscall: string
  readonly path?: string
  readonly address?: string
  readonly hostname?: string
  readonly port?: number
}

/** Puts whatever ended a command into words for the person at the terminal. */
export function describeStartFailure(error: unknown): CommandFailure {
  if (error instanceof CommandFailure) return error
  if (isSystemError(error)) return describeSystemError(error)
  if (ServingError.is(error)) return new CommandFailure(error.message, EXIT.configuration, error)
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return new CommandFailure(`this is a defect, please report it: ${text}`, EXIT.unexpected, error)
}

function describeSystemError(error: SystemError): CommandFailure {
  const { code, syscall, path = 'a file', hostname, port, address = hostname ?? 'this address' } = error
  const place = port === undefined ? address : `${address}:${port}`
  const otherHost = `${address} is not an address of this machine; check --host (MLSERVER_HOST)`
  if (syscall === 'getaddrinfo') return new CommandFailure(otherHost, EXIT.listen, error)
  if (syscall !== 'listen') {
    return new CommandFailure(`${path} cannot be used: ${code} in ${syscall}`, EXIT.configuration, error)
  }
  switch (code) {
    case 'EADDRINUSE':
      return new CommandFailure(
        `port ${place} is taken by another program; stop it, or choose other ports with --http-port, --grpc-port and --metrics-port`,
        EXIT.listen,
        error,
      )
    case 'EACCES':
      return new CommandFailure(
        `listening on ${place} is not allowed; choose a port above 1023`,
        EXIT.listen,
        error,
      )
    case 'EADDRNOTAVAIL':
      return new CommandFailure(otherHost, EXIT.listen, error)
    default:
      return new CommandFailure(`listening on ${place} is not possible: ${code}`, EXIT.listen, error)
  }
}

function isSystemError(error: unknown): error is SystemError {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && 'syscall' in error
}
