import { chmodSync, lstatSync, rmSync } from 'node:fs'
import { connect, type Server } from 'node:net'
import { ServingError } from '@millrace/sdk'

/** A socket in the file system in place of a port. */
export interface UnixSocket {
  /** Absolute. */
  readonly path: string
  /** Who may connect: the file's permissions, such as `0o660`. */
  readonly mode: number
}

/** What the system's address of such a socket holds, with its closing null. */
const MAX_PATH_BYTES = 107

/**
 * Listens on a path. A socket that a process has left there when it was killed is taken away first; the system takes
 * this one away when the server is closed.
 * @throws the system's error with code `EADDRINUSE` where somebody listens, or where there is something other than a
 * socket; ServingError INVALID_ARGUMENT for a path that is too long
 */
export async function listenOnSocket(server: Server, { path, mode }: UnixSocket): Promise<void> {
  const bytes = Buffer.byteLength(path)
  if (bytes > MAX_PATH_BYTES) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `the path of the socket ${path} has ${bytes} bytes; allowed are ${MAX_PATH_BYTES}`,
    )
  }
  try {
    await open(server, path)
  } catch (error) {
    if (codeOf(error) !== 'EADDRINUSE' || !(await isAbandoned(path))) throw error
    rmSync(path, { force: true })
    await open(server, path)
  }
  chmodSync(path, mode)
}

async function open(server: Server, path: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  // The file is made at once: nobody else may use it before its permissions are set.
  const before = maskUntilSet()
  try {
    server.listen(path, resolve)
  } finally {
    if (before !== undefined) process.umask(before)
  }
  try {
    await promise
  } finally {
    server.off('error', reject)
  }
}

/** Undefined in a worker thread, which may not set it for all. */
function maskUntilSet(): number | undefined {
  try {
    return process.umask(0o177)
  } catch {
    return undefined
  }
}

/** True for a socket that nobody listens on any more. */
async function isAbandoned(path: string): Promise<boolean> {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() !== true) return false
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect(path)
  socket.once('connect', () => resolve(false))
  socket.once('error', error => resolve(codeOf(error) === 'ECONNREFUSED' || codeOf(error) === 'ENOENT'))
  try {
    return await promise
  } finally {
    socket.destroy()
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
