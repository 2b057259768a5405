import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { addAbortSignal, type Readable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import type { InferenceClient } from '@millrace/sdk/client'
import { CommandFailure } from '../command-failure.ts'
import { EXIT } from '../exit-codes.ts'
import { openClient } from '../open-client.ts'
import { stopSignal } from '../stop-signal.ts'
import { createAsker } from './ask-lines.ts'
import type { InferFlags } from './infer-flags.ts'
import { readLines } from './input-lines.ts'
import { type LineRequest, readLine } from './line-request.ts'
import { LineSet } from './line-set.ts'
import { mergeableGroups } from './merge-requests.ts'
import { failureLine } from './output-line.ts'
import { type OutputSink, openOutput } from './output-sink.ts'
import { createProgress } from './progress.ts'
import { resumeOutput } from './resume-output.ts'

const RETRY_PAUSE_MS = 1000

/**
 * Sends every line of a file, and writes what comes back.
 * @throws CommandFailure when a line has no answer, when a signal ends the run early, and for files that cannot
 * be used
 */
export async function runInfer(flags: InferFlags): Promise<void> {
  await refuseSameFile(flags)
  const totalBytes = await sizeOf(flags.inputDataPath)
  const client = openClient({
    protocol: flags.transport === 'grpc' ? 'grpc' : flags.binaryData ? 'rest-binary' : 'rest',
    address: flags.url ?? (flags.transport === 'grpc' ? 'localhost:8081' : 'localhost:8080'),
    hasTls: flags.useSsl,
    isVerified: !flags.insecure,
    headers: flags.requestHeaders,
    timeoutMs: flags.timeout * 1000,
    maxConnections: flags.transport === 'grpc' ? 1 : flags.workers,
  })
  try {
    const answered = flags.resume ? await resumeOutput(flags.outputDataPath) : new LineSet()
    const output = await openOutput(flags.outputDataPath, flags.resume)
    try {
      await work(flags, client, output, answered, totalBytes)
    } finally {
      await output.close()
    }
  } finally {
    await client.close()
  }
}

async function work(
  flags: InferFlags,
  client: InferenceClient,
  output: OutputSink,
  earlier: LineSet,
  totalBytes: number | undefined,
): Promise<void> {
  const state = { answered: 0, failed: 0, skipped: 0, readBytes: 0, totalBytes }
  const progress = createProgress(process.stderr, () => state)
  const stop = new AbortController()
  let isInterrupted = false
  void stopSignal().then(() => {
    isInterrupted = true
    progress.note('stopping: calls that run may finish; a second signal ends them')
    stop.abort()
  })
  const emit = async (line: Uint8Array, isAnswer: boolean) => {
    await output.write(line)
    if (isAnswer) state.answered++
    else state.failed++
  }
  const level = flags.extraVerbose ? 2 : flags.verbose ? 1 : 0
  const asker = createAsker({
    client,
    retries: flags.retries,
    retryPauseMs: RETRY_PAUSE_MS,
    stop: stop.signal,
    emit,
    note: text => void (level > 0 && progress.note(text)),
  })
  const batches = readBatches(flags, stop.signal, state, earlier, emit)
  const worker = async () => {
    while (!stop.signal.aborted) {
      // A generator answers those who ask at the same time in turn.
      const next = await batches.next()
      if (next.done === true) return
      for (const group of mergeableGroups(next.value)) {
        if (level > 1) progress.note(`asking for lines ${group.map(({ index }) => index).join(', ')}`)
        await asker.ask(group)
      }
      const pauseMs = (flags.batchInterval + Math.random() * flags.batchJitter) * 1000
      if (pauseMs > 0) await wait(pauseMs, undefined, { signal: stop.signal }).catch(() => {})
    }
  }
  const workers = Array.from({ length: flags.workers }, () =>
    worker().catch((error: unknown) => {
      stop.abort()
      throw error
    }),
  )
  const ends = await Promise.allSettled(workers)
  progress.finish()
  for (const end of ends) if (end.status === 'rejected') throw outputFailure(end.reason, flags)

  const again = flags.outputDataPath === '-' ? '' : '; run the same command with --resume to go on'
  if (isInterrupted) throw new CommandFailure(`interrupted before the last line${again}`, EXIT.request)
  if (state.failed > 0) {
    const count = `${state.failed} of ${state.failed + state.answered} lines failed`
    const place = flags.outputDataPath === '-' ? 'the output' : flags.outputDataPath
    throw new CommandFailure(`${count}; ${place} says why, in the lines with "error"`, EXIT.request)
  }
}

/**
 * Lines that can be asked, in windows of the batch size. Those that cannot are answered on the way.
 * Nothing is read before somebody asks for it, so memory holds what the workers work on.
 */
async function* readBatches(
  { inputDataPath, batchSize, modelName, modelVersion }: InferFlags,
  stop: AbortSignal,
  state: { readBytes: number; skipped: number },
  earlier: LineSet,
  emit: (line: Uint8Array, isAnswer: boolean) => Promise<void>,
): AsyncGenerator<readonly LineRequest[], void, undefined> {
  let batch: LineRequest[] = []
  let count = 0
  const source = openInput(inputDataPath, stop)
  try {
    for await (const line of readLines(source, undefined, size => void (state.readBytes += size))) {
      if (earlier.has(line.index)) {
        state.skipped++
        continue
      }
      const request = readLine(line, { modelName, modelVersion })
      if ('violations' in request) {
        await emit(failureLine(line.index, 'preprocessing error', request.violations), false)
      } else batch.push(request)
      if (++count < batchSize) continue
      if (batch.length > 0) yield batch
      batch = []
      count = 0
    }
  } catch (error) {
    // What was read is asked by the next run.
    if (stop.aborted) return
    throw error
  }
  if (batch.length > 0) yield batch
}

function openInput(path: string, stop: AbortSignal): AsyncIterable<Uint8Array> {
  const source: Readable = path === '-' ? process.stdin : createReadStream(path)
  return addAbortSignal(stop, source) as AsyncIterable<Uint8Array>
}

async function sizeOf(path: string): Promise<number | undefined> {
  if (path === '-') return undefined
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw new CommandFailure(
      `input ${path} cannot be read: ${error.code}; name a file of JSON lines with --input-data-path, or - for standard input`,
      EXIT.configuration,
      error,
    )
  })
  if (found.isDirectory()) {
    throw new CommandFailure(`input ${path} is a folder; name a file of JSON lines`, EXIT.configuration)
  }
  return found.isFile() ? found.size : undefined
}

/** Opening the output would empty the input before it is read. */
async function refuseSameFile({ inputDataPath, outputDataPath, resume }: InferFlags): Promise<void> {
  if (resume && outputDataPath === '-') {
    throw new CommandFailure('--resume needs an output file, not standard output', EXIT.usage)
  }
  if (inputDataPath === '-' || outputDataPath === '-') return
  const [input, output] = await Promise.all(
    [inputDataPath, outputDataPath].map(path => stat(path).catch(() => undefined)),
  )
  if (input === undefined || output === undefined) return
  if (input.ino === output.ino && input.dev === output.dev) {
    throw new CommandFailure(`${outputDataPath} is the input; name another output file`, EXIT.usage)
  }
}

function outputFailure(error: unknown, { outputDataPath }: InferFlags): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException
  if (error instanceof CommandFailure || code === undefined || syscall !== 'write') return error
  const place = outputDataPath === '-' ? 'standard output' : outputDataPath
  return new CommandFailure(`${place} cannot be written: ${code}`, EXIT.configuration, error)
}
