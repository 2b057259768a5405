import type { Worker } from 'node:worker_threads'

/** Threads of this process that have not ended. */
const threads = new Set<Worker>()
process.on('worker', (thread: Worker) => {
  threads.add(thread)
  thread.once('exit', () => threads.delete(thread))
})

/**
 * Ends this process with an exit code, whatever its threads do. `process.exit` waits for each of them, and one that is
 * inside native code, such as the run of an ONNX model, may never come back.
 */
export function endProcess(exitCode: number): never {
  // Windows cannot replace a process by another.
  if (threads.size === 0 || process.execve === undefined) process.exit(exitCode)
  // Listeners end what must not outlive this process, such as workers that are processes.
  process.exitCode = exitCode
  process.emit('exit', exitCode)
  // The kernel ends every thread of a process that becomes another program.
  process.execve(process.execPath, ['node', '-e', `process.exit(${exitCode})`], {})
  process.abort()
}
