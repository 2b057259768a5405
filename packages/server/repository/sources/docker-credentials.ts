import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { ServingError } from '@millrace/sdk'

/**
 * What `docker login` has kept for a registry, as the content of an `Authorization: Basic` header; undefined if it kept
 * nothing in `config.json` (in `DOCKER_CONFIG`, else in `.docker` at home). Credential helpers are not run.
 * @throws ServingError FAILED_PRECONDITION for a configuration that cannot be read
 */
export async function dockerCredentials(
  registry: string,
  variables: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  const path = join(
    variables['DOCKER_CONFIG'] || join(variables['HOME'] || homedir(), '.docker'),
    'config.json',
  )
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw new ServingError('FAILED_PRECONDITION', `${path} cannot be read`, { cause: error })
  }
  const config = parse(text, path)
  const entry = memberOf(memberOf(config, 'auths'), registry)
  const auth = memberOf(entry, 'auth')
  if (typeof auth === 'string' && auth !== '') return auth
  const [user, password] = [memberOf(entry, 'username'), memberOf(entry, 'password')]
  if (typeof user !== 'string' || typeof password !== 'string') return undefined
  return Buffer.from(`${user}:${password}`).toString('base64')
}

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The text holds secrets, and Node.js quotes it in its message.
    throw new ServingError('FAILED_PRECONDITION', `${path} is not JSON`)
  }
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined
}
