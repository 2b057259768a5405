/** Writes the pages of `docs/reference` that follow from the code. */
import { writeFile } from 'node:fs/promises'
import { referencePages } from './reference-pages.ts'

for (const [file, text] of referencePages()) {
  await writeFile(new URL(`../docs/reference/${file}`, import.meta.url), text)
}
