import { createReadStream } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { CommandFailure } from '../command-failure.ts'
import { EXIT } from '../exit-codes.ts'
import { type InputLine, readLines } from './input-lines.ts'
import { LineSet } from './line-set.ts'
import { readAnsweredLine } from './output-line.ts'

const LINE_FEED = Buffer.from('\n')
const WRITE_BYTES = 1024 * 1024

/**
 * Finds out which lines an output file has, and takes out of it what a run that goes on will write again:
 * failed calls, and the piece of a line at its end that an interruption left. The file is replaced in one
 * step, so that it is whole at any time.
 * @returns the lines that need not be asked; none if there is no such file
 * @throws CommandFailure for a file that is no output of this command
 */
export async function resumeOutput(path: string): Promise<LineSet> {
  const answered = new LineSet()
  const copyPath = `${path}.resume`
  const copy = await open(copyPath, 'w')
  let isCopied = false
  try {
    let held: Uint8Array[] = []
    let heldBytes = 0
    const flush = async () => {
      await copy.appendFile(Buffer.concat(held))
      held = []
      heldBytes = 0
    }
    for await (const line of linesWithEnd(path)) {
      const state = stateOf(line, path)
      if (state === undefined || state.failure === 'inference error') continue
      answered.add(state.index)
      held.push(line.bytes!, LINE_FEED)
      heldBytes += line.bytes!.length + 1
      if (heldBytes >= WRITE_BYTES) await flush()
    }
    await flush()
    await copy.sync()
    isCopied = true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  } finally {
    await copy.close()
    if (!isCopied) await rm(copyPath, { force: true })
  }
  if (isCopied) await rename(copyPath, path)
  return answered
}

interface OutputLine extends InputLine {
  readonly isLast: boolean
}

async function* linesWithEnd(path: string): AsyncGenerator<OutputLine> {
  let previous: InputLine | undefined
  for await (const line of readLines(createReadStream(path))) {
    if (previous !== undefined) yield { ...previous, isLast: false }
    previous = line
  }
  if (previous !== undefined) yield { ...previous, isLast: true }
}

/** @returns undefined for a last line that is not whole */
function stateOf({ index, bytes, isLast }: OutputLine, path: string) {
  try {
    if (bytes === undefined) throw new Error('it is too long')
    return readAnsweredLine(bytes)
  } catch (error) {
    if (isLast) return undefined
    throw new CommandFailure(
      `${path}, line ${index + 1} is not from this command: ${(error as Error).message}; name another output file, or leave --resume out`,
      EXIT.configuration,
      error,
    )
  }
}
