import { connect } from 'node:net'
import { createPause } from './pause.ts'

/**
 * Waits until somebody accepts connections at `address`, HOST:PORT. A program tells nobody when it has begun to listen,
 * so the question is asked again and again, with growing pauses.
 * @throws the signal's reason
 */
export async function waitForPort(address: string, signal: AbortSignal): Promise<void> {
  const colon = address.lastIndexOf(':')
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '')
  const port = Number(address.slice(colon + 1))
  const pause = createPause(signal)
  while (!(await accepts(host, port, signal))) await pause()
}

function accepts(host: string, port: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const socket = connect({ host, port })
    const settle = (isOpen: boolean) => {
      signal.removeEventListener('abort', onAbort)
      socket.destroy()
      resolve(isOpen)
    }
    const onAbort = () => {
      socket.destroy()
      reject(signal.reason)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    socket.once('connect', () => settle(true)).once('error', () => settle(false))
  })
}
