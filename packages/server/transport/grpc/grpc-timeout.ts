import { ServingError } from '@millrace/sdk'

const UNIT_MS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
}

/**
 * Reads a `grpc-timeout` header: one to eight digits and a unit.
 * @returns milliseconds, with fractions
 * @throws ServingError INVALID_ARGUMENT for anything else; a guessed deadline would be worse than none
 */
export function parseGrpcTimeout(value: string): number {
  const unitMs = UNIT_MS[value.slice(-1)]
  if (unitMs === undefined || !/^\d{1,8}[A-Za-z]$/.test(value)) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `grpc-timeout is '${value.slice(0, 32)}'; allowed are 1 to 8 digits and one of the units H, M, S, m, u, n`,
    )
  }
  return Number(value.slice(0, -1)) * unitMs
}
