import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const placements = new Map<string, Promise<'server' | undefined>>()

/**
 * Where a package wants its models: `"millrace": {"placement": "server"}` in its package.json says that they do their
 * work in processes of their own, so that nothing waits for them in the server's thread. Undefined if it says nothing.
 * @param url a module of the package
 */
export function placementOfPackage(url: string): Promise<'server' | undefined> {
  const known = placements.get(url)
  if (known !== undefined) return known
  const found = url.startsWith('file:')
    ? readPlacement(dirname(fileURLToPath(url)))
    : Promise.resolve(undefined)
  placements.set(url, found)
  return found
}

async function readPlacement(folder: string): Promise<'server' | undefined> {
  const manifest = await readFile(join(folder, 'package.json'), 'utf8').catch(() => undefined)
  if (manifest === undefined) return dirname(folder) === folder ? undefined : readPlacement(dirname(folder))
  const { millrace } = JSON.parse(manifest) as { millrace?: { placement?: unknown } }
  return millrace?.placement === 'server' ? 'server' : undefined
}
