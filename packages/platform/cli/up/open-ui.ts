import type { HandOver } from '@millrace/server'
import { readUiFiles } from './read-ui-files.ts'
import { findUiFolder } from './ui-folder.ts'
import { UNBUILT_UI, uiPages } from './ui-pages.ts'

/** The web interface as it is served. */
export interface Ui {
  readonly pages: HandOver
  /** False: there is one page, which says how to build the others. */
  readonly isBuilt: boolean
}

/** Reads the built web interface. `rootPath` leads to the server's own routes. */
export async function openUi(rootPath: string): Promise<Ui> {
  const folder = await findUiFolder()
  const files = folder === undefined ? UNBUILT_UI : await readUiFiles(folder)
  return { pages: uiPages(files, rootPath), isBuilt: folder !== undefined }
}
