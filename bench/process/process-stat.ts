/** The line of `/proc/PID/stat`, as far as it says who a process is and what it used (proc_pid_stat(5)). */
export interface ProcessStat {
  readonly pid: number
  readonly parentPid: number
  /**
   * User and system time of all its threads and of the children it has waited for, in clock ticks:
   * a worker that ends between two readings is not lost.
   */
  readonly cpuTicks: number
}

/** Where fields stand behind the name; the manual counts them from 1 with the pid, and the name is the second. */
const FIELD = { parentPid: 4 - 3, utime: 14 - 3, stime: 15 - 3, cutime: 16 - 3, cstime: 17 - 3 }

/** @throws Error for text that is no such line */
export function parseProcessStat(text: string): ProcessStat {
  // The name is in parentheses and may hold both blanks and parentheses, so the last one ends it.
  const nameEnd = text.lastIndexOf(')')
  const pid = Number(text.slice(0, text.indexOf(' ')))
  const fields = text
    .slice(nameEnd + 2)
    .trimEnd()
    .split(' ')
  const number = (field: keyof typeof FIELD) => {
    const value = Number(fields[FIELD[field]])
    if (nameEnd === -1 || Number.isNaN(value)) throw new Error(`not a line of /proc/PID/stat: ${text}`)
    return value
  }
  return {
    pid,
    parentPid: number('parentPid'),
    cpuTicks: number('utime') + number('stime') + number('cutime') + number('cstime'),
  }
}
