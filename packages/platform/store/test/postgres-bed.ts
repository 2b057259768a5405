import { execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chownSync, globSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'

/** A PostgreSQL for tests, in which each test gets a database of its own. */
export interface PostgresBed {
  /** Makes an empty database and returns its address. */
  createDatabase(): Promise<string>
  /** Cuts every connection to a database. */
  cutConnections(url: string): Promise<void>
  stop(): Promise<void>
}

/**
 * The server that MILLRACE_TEST_POSTGRES_URL names, or one that is started in a temporary folder with the programs that
 * Debian installs. Returns why there is none as text.
 */
export async function openPostgresBed(): Promise<PostgresBed | string> {
  const url = process.env['MILLRACE_TEST_POSTGRES_URL']
  if (url !== undefined && url !== '') return bedOn(url, () => Promise.resolve())
  const servers = globSync('/usr/lib/postgresql/*/bin/postgres')
  const [server] = servers.toSorted((a, b) => b.localeCompare(a, undefined, { numeric: true }))
  if (server === undefined) {
    return 'there is no PostgreSQL (Debian and Ubuntu: apt-get install postgresql); MILLRACE_TEST_POSTGRES_URL names another one'
  }
  const user = unprivilegedUser()
  if (typeof user === 'string') return user
  return startServer(dirname(server), user)
}

interface User {
  readonly uid?: number
  readonly gid?: number
}

/** PostgreSQL refuses to run as root. */
function unprivilegedUser(): User | string {
  if (process.getuid?.() !== 0) return {}
  try {
    const [uid, gid] = ['-u', '-g'].map(flag => Number(execFileSync('id', [flag, 'postgres'])))
    return { uid: uid!, gid: gid! }
  } catch {
    return 'PostgreSQL does not run as root, and there is no user postgres'
  }
}

async function startServer(programs: string, user: User): Promise<PostgresBed> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-postgres-'))
  if (user.uid !== undefined && user.gid !== undefined) chownSync(folder, user.uid, user.gid)
  const data = join(folder, 'data')
  const initdb = [
    '--pgdata',
    data,
    '--username',
    'postgres',
    '--auth',
    'trust',
    '--no-sync',
    '--encoding',
    'UTF8',
  ]
  execFileSync(join(programs, 'initdb'), [...initdb, '--locale', 'C'], {
    ...user,
    cwd: folder,
    stdio: 'pipe',
  })
  // Only a socket in the temporary folder: no port can be taken already, and nobody else can reach it.
  const settings = ['-c', 'listen_addresses=', '-c', 'fsync=off', '-c', 'max_connections=50']
  const server = spawn(join(programs, 'postgres'), ['-D', data, '-k', folder, ...settings], {
    ...user,
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const isOver = once(server, 'exit')
  // For a test that was ended before it could stop the server.
  const kill = () => void server.kill('SIGQUIT')
  process.once('exit', kill)
  const said = await readyLine(server.stderr)
  const bed = bedOn(`postgres://postgres@localhost/postgres?host=${folder}`, async () => {
    server.kill('SIGINT')
    await isOver
    process.removeListener('exit', kill)
    rmSync(folder, { recursive: true, force: true })
  })
  if (said !== undefined) {
    await bed.stop()
    throw new Error(`PostgreSQL did not start: ${said}`)
  }
  return bed
}

/** Waits for the line that says so; returns all lines if it never comes. */
async function readyLine(lines: NodeJS.ReadableStream): Promise<string | undefined> {
  let said = ''
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  lines.on('data', (bytes: Buffer) => {
    said += bytes.toString()
    if (said.includes('ready to accept connections')) resolve(undefined)
  })
  lines.on('end', () => resolve(said))
  return promise
}

function bedOn(url: string, stop: () => Promise<void>): PostgresBed {
  const admin = new pg.Pool({ connectionString: url, max: 1 })
  const made: string[] = []
  const drop = async (name: string) => {
    await admin.query(`drop database if exists ${name} with (force)`)
  }
  return {
    async createDatabase() {
      const name = `millrace_test_${randomBytes(6).toString('hex')}`
      await admin.query(`create database ${name}`)
      made.push(name)
      const address = new URL(url)
      address.pathname = `/${name}`
      return address.href
    },
    async cutConnections(address) {
      const name = new URL(address).pathname.slice(1)
      await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name])
    },
    async stop() {
      for (const name of made) await drop(name)
      await admin.end()
      // `end` resolves before the sockets have closed.
      await delay(0)
      await stop()
    },
  }
}
