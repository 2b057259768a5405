/**
 * Where a worker begins: the file that a thread or a process of the pool runs. Its one argument is the
 * folder of its environment, empty without one.
 */
import { Socket } from 'node:net'
import { parentPort } from 'node:worker_threads'
import { preferEnvironment } from './environment-resolution.ts'
import { createSocketChannel } from './socket-channel.ts'
import { createThreadChannel } from './thread-channel.ts'
import { runWorker } from './worker-runtime.ts'

const SOCKET_FD = 3

function processChannel() {
  // Whoever stops the server stops its workers in order; a key press in the terminal reaches all at once.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGQUIT'] as const) process.on(signal, ignore)
  return createSocketChannel(new Socket({ fd: SOCKET_FD, readable: true, writable: true }))
}

function ignore(): void {}

const environmentFolder = process.argv[2] ?? ''
if (environmentFolder !== '') preferEnvironment(environmentFolder)
runWorker(parentPort === null ? processChannel() : createThreadChannel(parentPort))
