import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** A folder of files that is deleted when the test is over. */
export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string
}

/**
 * Writes files inside this package, where `@millrace/sdk` means the package itself, as it does in the
 * folder of an author who has installed it. A leading dot keeps compiler and linter away.
 */
export async function writeInPackage(files: ReadonlyMap<string, string>): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(import.meta.dirname, '.author-'))
  for (const [name, text] of files) await writeFile(join(path, name), text)
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}

/** Compiles the files of such a folder by the rules of this repository; rejects with what the compiler says. */
export async function typeCheck(folder: string, compilerOptions: object = {}): Promise<void> {
  const base = resolve(import.meta.dirname, '../../../tsconfig.json')
  const project = { extends: base, compilerOptions, include: ['*.ts'] }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(project))
  const manifest = fileURLToPath(import.meta.resolve('typescript/package.json'))
  const { bin } = JSON.parse(await readFile(manifest, 'utf8')) as { bin: { tsc: string } }
  try {
    await promisify(execFile)(process.execPath, [resolve(manifest, '..', bin.tsc), '-p', folder])
  } catch (error) {
    assert.fail((error as { stdout?: string }).stdout ?? String(error))
  }
}
