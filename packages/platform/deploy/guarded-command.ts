/** The descriptor of the pipe that the watcher waits on. */
export const LIFELINE = 3

/**
 * What the shell runs in the replica's place. A watcher waits for the end of the pipe at descriptor 3, which the control
 * plane holds open and never writes to; when the control plane is gone, however it went, the pipe ends and the watcher
 * kills the whole process group, itself included. Signals that ask the group to end it leaves to the replica. The shell
 * then becomes the replica, which keeps the shell's process id and does not see the pipe.
 */
const SCRIPT = `( trap '' HUP INT QUIT TERM; read -r _ <&${LIFELINE}; kill -s KILL 0 ) </dev/null >/dev/null 2>&1 &
exec "$@" ${LIFELINE}<&-`

/** `command` as one that does not outlive this process. It must be started as the leader of a process group. */
export function guardedCommand(command: readonly string[]): readonly [program: string, ...args: string[]] {
  return ['/bin/sh', '-c', SCRIPT, 'millrace-replica', ...command]
}
