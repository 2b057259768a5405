/** Writes the pages of `docs/reference` that follow from the code. */
import { mkdir, writeFile } from 'node:fs/promises'
import { referencePages } from './reference-pages.ts'

for (const [file, text] of referencePages()) {
  const path = new URL(`../docs/reference/${file}`, import.meta.url)
  await mkdir(new URL('.', path), { recursive: true })
  await writeFile(path, text)
}
