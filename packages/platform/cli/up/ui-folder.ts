import { access } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Where the built pages of the web interface lie; `undefined` when there are none. */
export async function findUiFolder(): Promise<string | undefined> {
  try {
    const manifest = fileURLToPath(import.meta.resolve('@millrace/ui/package.json'))
    const folder = join(dirname(manifest), 'dist')
    await access(join(folder, 'index.html'))
    return folder
  } catch {
    return undefined
  }
}
