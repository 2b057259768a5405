/** The descriptor of the pipe that the watcher waits on. */
export const LIFELINE = 3

/**
 * What the shell runs in the program's place. A watcher waits for the end of the pipe at descriptor 3, which this process
 * holds open and never writes to; when this process is gone, however it went, the pipe ends and the watcher kills the
 * whole process group, itself included. Signals that ask the group to end it leaves to the program. The shell then
 * becomes the program, which keeps the shell's process id and does not see the pipe.
 */
const SCRIPT = `( trap '' HUP INT QUIT TERM; read -r _ <&${LIFELINE}; kill -s KILL 0 ) </dev/null >/dev/null 2>&1 &
exec "$@" ${LIFELINE}<&-`

/**
 * `command` as one that does not outlive this process. It must be started as the leader of a process group, with a pipe
 * at the descriptor {@link LIFELINE}. It needs `/bin/sh`.
 * @param title what lists of processes call the watcher
 */
export function guardedCommand(
  command: readonly string[],
  title: string,
): readonly [program: string, ...args: string[]] {
  return ['/bin/sh', '-c', SCRIPT, title, ...command]
}

/** Sends a signal to the process group that a process leads; nothing if there is none any more. */
export function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch {
    // The group is gone.
  }
}
