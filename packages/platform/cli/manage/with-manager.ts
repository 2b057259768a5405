import { ServingError } from '@millrace/sdk'
import { createManagerClient, type ManagerClient } from '@millrace/sdk/client'
import { CommandFailure } from '../command-failure.ts'
import { EXIT } from '../exit-codes.ts'
import type { ConnectionFlags } from './connection-flags.ts'
import { findServer } from './find-server.ts'

/**
 * Does the work of a command with a client of the platform that its flags name. What the server refuses ends the command
 * with the server's own words; a server that is not there, with what to do.
 */
export async function withManager<T>(
  flags: ConnectionFlags,
  work: (manager: ManagerClient) => Promise<T>,
): Promise<T> {
  const { url, words } = await findServer(flags)
  const client = open(url, flags)
  try {
    return await work(client)
  } catch (error) {
    throw describe(error, words)
  } finally {
    await client.close()
  }
}

function open(url: string, { header, insecure = false }: ConnectionFlags): ManagerClient {
  const isTls = url.startsWith('https://')
  try {
    return createManagerClient({
      url,
      ...(header === undefined ? {} : { headers: header }),
      ...(isTls ? { tls: { isVerified: !insecure } } : {}),
    })
  } catch (error) {
    if (!ServingError.is(error)) throw error
    throw new CommandFailure(`server '${url}': ${error.message}`, EXIT.usage, error)
  }
}

function describe(error: unknown, server: string): unknown {
  if (!ServingError.is(error)) return error
  const { code, message, httpStatus } = error
  if (code === 'UNAVAILABLE' && httpStatus === undefined && message.includes('cannot be reached')) {
    const reason = message.slice(message.indexOf('cannot be reached'))
    return new CommandFailure(
      `${server} ${reason}; start it with millrace up, or name another with --server`,
      EXIT.request,
      error,
    )
  }
  if (code === 'UNAUTHENTICATED' || code === 'PERMISSION_DENIED') {
    return new CommandFailure(
      `${message}; say who you are with --header 'Authorization: Bearer …'`,
      EXIT.request,
      error,
    )
  }
  return new CommandFailure(message, EXIT.request, error)
}
