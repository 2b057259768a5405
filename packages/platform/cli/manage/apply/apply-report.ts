import pc from 'picocolors'

const REDRAW_MS = 100
const MEBIBYTE = 1024 ** 2

/** Tells how applying goes. */
export interface ApplyReport {
  /** Something is done. */
  readonly done: (text: string) => void
  /** Something has begun, or goes on. */
  readonly note: (text: string) => void
  readonly warn: (text: string) => void
  /** A line that somebody else has written. */
  readonly foreign: (line: string) => void
  /** Shows how much of an upload is done, on a terminal only; the last call is for all of it. */
  readonly uploaded: (readBytes: number, totalBytes: number) => void
}

interface Output {
  readonly isTTY?: boolean
  readonly write: (text: string) => unknown
}

/** @param output for what is told; @param errors for warnings and what a terminal shows for a moment */
export function createApplyReport(output: Output, errors: Output): ApplyReport {
  let drawnMs = Number.NEGATIVE_INFINITY
  let isDrawn = false
  const erase = () => {
    if (isDrawn) errors.write('\r\u001b[K')
    isDrawn = false
  }
  const print = (text: string) => {
    erase()
    output.write(`${text}\n`)
  }
  return {
    done: text => print(pc.green(text)),
    note: print,
    foreign: line => print(pc.dim(`  | ${printable(line)}`)),
    warn(text) {
      erase()
      errors.write(`${pc.yellow('warning:')} ${text}\n`)
    },
    uploaded(readBytes, totalBytes) {
      if (errors.isTTY !== true) return
      if (readBytes >= totalBytes) {
        erase()
        return
      }
      const nowMs = performance.now()
      if (nowMs - drawnMs < REDRAW_MS) return
      drawnMs = nowMs
      const percent = Math.floor((readBytes / totalBytes) * 100)
      errors.write(`\r\u001b[K  uploading ${percent} % of ${sizeText(totalBytes)}`)
      isDrawn = true
    },
  }
}

export function sizeText(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`
  return bytes < MEBIBYTE ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / MEBIBYTE).toFixed(1)} MiB`
}

/** A build writes what it likes; a terminal must not take it for commands. */
function printable(line: string): string {
  return line.replaceAll(/[^\P{Cc}\t]/gu, '')
}
