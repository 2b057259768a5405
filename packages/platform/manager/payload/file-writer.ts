import { type FileHandle, link, mkdir, open, rm, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ServingError } from '@millrace/sdk'

/**
 * Writes one file after the other below a folder. Paths were checked: they lead neither out of it nor through links.
 * Every call rejects INVALID_ARGUMENT naming the path that cannot be written.
 */
export interface FileWriter {
  makeFolder(path: string): Promise<void>
  beginFile(path: string, isProgram: boolean): Promise<void>
  /** Adds to the file that was begun. */
  write(chunk: Uint8Array): Promise<void>
  endFile(): Promise<void>
  makeLink(path: string, target: string): Promise<void>
  /** `target` is the path of a file below the folder, too. */
  makeHardLink(path: string, target: string): Promise<void>
  /** Closes a file that was not ended. */
  close(): Promise<void>
}

export function createFileWriter(root: string): FileWriter {
  let file: { readonly path: string; readonly handle: FileHandle } | undefined

  const onPath = async <T>(path: string, work: (place: string) => Promise<T>): Promise<T> => {
    try {
      return await work(join(root, path))
    } catch (error) {
      throw new ServingError(
        'INVALID_ARGUMENT',
        `payload: '${path}' cannot be written: ${error instanceof Error ? error.message : String(error)}`,
        { cause: error },
      )
    }
  }
  return {
    makeFolder: path => onPath(path, async place => void (await mkdir(place, { recursive: true }))),
    beginFile: (path, isProgram) =>
      onPath(path, async place => {
        await clear(place)
        file = { path, handle: await open(place, 'wx', isProgram ? 0o755 : 0o644) }
      }),
    async write(chunk) {
      // At the handle's position: behind what was written before.
      if (file !== undefined) await onPath(file.path, () => file!.handle.writeFile(chunk))
    },
    async endFile() {
      const ended = file
      file = undefined
      if (ended !== undefined) await onPath(ended.path, () => ended.handle.close())
    },
    makeLink: (path, target) =>
      onPath(path, async place => {
        await clear(place)
        await symlink(target, place)
      }),
    makeHardLink: (path, target) =>
      onPath(path, async place => {
        const source = join(root, target)
        if (source === place) return
        await clear(place)
        await link(source, place)
      }),
    async close() {
      await file?.handle.close()
      file = undefined
    },
  }
}

/** Makes room for something new: its folder, and an end of what was there before. */
async function clear(place: string): Promise<void> {
  await mkdir(dirname(place), { recursive: true })
  await rm(place, { force: true })
}
