import { readFileSync } from 'node:fs'

/** The version of the `millrace` package that runs. */
export function packageVersion(): string {
  // One folder up from the source, two from `dist/cli`.
  for (const path of ['../package.json', '../../package.json']) {
    try {
      const manifest = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as { version: string }
      return manifest.version
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
  throw new Error('the package.json of millrace is missing')
}
