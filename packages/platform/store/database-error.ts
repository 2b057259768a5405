import { ServingError } from '@millrace/sdk'

/** `errcode` of `node:sqlite`: SQLite's extended result codes, and the first byte of them. */
const SQLITE_BUSY = 5
const SQLITE_FULL = 13
const SQLITE_CONSTRAINT_FOREIGNKEY = 787
const SQLITE_CONSTRAINT_UNIQUE = 2067
const SQLITE_CONSTRAINT_PRIMARYKEY = 1555

/** `code` of `pg`: SQLSTATE, or what the socket says. */
const UNAVAILABLE_CODES =
  /^(08...|53...|57P..|40001|40P01|55P03|ECONNREFUSED|ECONNRESET|ENOTFOUND|ENOENT|ETIMEDOUT|EPIPE|EAI_AGAIN)$/

/**
 * What a database threw, as a `ServingError`: constraints as ALREADY_EXISTS and FAILED_PRECONDITION, a database that is
 * away or busy as UNAVAILABLE. Anything else is a defect, and INTERNAL. The database's own text stays in the cause.
 */
export function databaseError(thrown: unknown): ServingError {
  if (ServingError.is(thrown)) return thrown
  const options = { cause: thrown }
  switch (kindOf(thrown)) {
    case 'unique':
      return new ServingError('ALREADY_EXISTS', 'there is one of that name already', options)
    case 'foreign key':
      return new ServingError(
        'FAILED_PRECONDITION',
        'it is still in use, or names something that is gone',
        options,
      )
    case 'full':
      return new ServingError('RESOURCE_EXHAUSTED', "the database's disk is full", options)
    case 'unavailable':
      return new ServingError('UNAVAILABLE', 'the database cannot be reached or is busy; try again', {
        ...options,
        retryAfterMs: 1000,
      })
    default:
      return new ServingError('INTERNAL', 'the database failed', options)
  }
}

/** Whether the connection on which something was asked has broken; another one may well be whole. */
export function isCutOff(thrown: unknown): boolean {
  const cause = ServingError.is(thrown) ? thrown.cause : thrown
  if (!(cause instanceof Error)) return false
  const { code } = cause as { code?: unknown }
  return (
    code === '57P01' ||
    code === 'ECONNRESET' ||
    code === 'EPIPE' ||
    cause.message.startsWith('Connection terminated')
  )
}

type Kind = 'unique' | 'foreign key' | 'full' | 'unavailable'

function kindOf(thrown: unknown): Kind | undefined {
  if (!(thrown instanceof Error)) return undefined
  const { errcode, code } = thrown as { errcode?: unknown; code?: unknown }
  if (typeof errcode === 'number') return sqliteKind(errcode)
  if (code === '23505') return 'unique'
  if (code === '23503') return 'foreign key'
  if (code === '53100' || code === 'ENOSPC') return 'full'
  if (typeof code === 'string' && UNAVAILABLE_CODES.test(code)) return 'unavailable'
  // What `pg` throws for a connection that ended has no code.
  return /^(Connection terminated|timeout exceeded when trying to connect)/.test(thrown.message)
    ? 'unavailable'
    : undefined
}

function sqliteKind(errcode: number): Kind | undefined {
  if (errcode === SQLITE_CONSTRAINT_UNIQUE || errcode === SQLITE_CONSTRAINT_PRIMARYKEY) return 'unique'
  if (errcode === SQLITE_CONSTRAINT_FOREIGNKEY) return 'foreign key'
  if ((errcode & 0xff) === SQLITE_FULL) return 'full'
  return (errcode & 0xff) === SQLITE_BUSY ? 'unavailable' : undefined
}
