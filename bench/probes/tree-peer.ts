import { execFile } from 'node:child_process'
import { mkdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { medianOf } from './median.ts'

export interface TreePeer {
  /** Holds the model that the library has trained: it is kept for the next round. */
  readonly folder: string
  /** 1,000 rows, row-major, in the library's own kind of number. */
  readonly rows: ArrayBuffer
  /** What the library answers, one value a row. */
  readonly answers: Float64Array
  /** Medians of one thread of the library. */
  readonly oneUs: number
  readonly manyUs: number
}

/**
 * Has a library trained and timed by `peers/tree-library.py`. Runs on whatever processors this process is bound to.
 * MILLRACE_TEST_PYTHON names an interpreter that has the library; default `python3`.
 */
export async function runTreePeer(library: 'xgboost' | 'lightgbm', durationMs: number): Promise<TreePeer> {
  const folder = join(tmpdir(), 'millrace-bench-trees')
  await mkdir(folder, { recursive: true })
  const script = fileURLToPath(new URL('../peers/tree-library.py', import.meta.url))
  const python = process.env['MILLRACE_TEST_PYTHON'] ?? 'python3'
  const { stdout } = await promisify(execFile)(python, [script, library, folder, String(durationMs)])
  const { oneUs, manyUs } = JSON.parse(stdout.trim().split('\n').at(-1)!) as Record<string, number>
  return {
    folder,
    rows: exactBuffer(await readFile(join(folder, `${library}-rows.bin`))),
    answers: new Float64Array(exactBuffer(await readFile(join(folder, `${library}-answers.bin`)))),
    oneUs: oneUs!,
    manyUs: manyUs!,
  }
}

/** The median of a call in microseconds, again and again after some rounds that compile, as the peer is timed. */
export async function timeCall(call: () => Promise<unknown>, durationMs: number): Promise<number> {
  const times: number[] = []
  const endMs = performance.now() + durationMs
  for (let round = 0; performance.now() < endMs || round < 200; round++) {
    const startedMs = performance.now()
    await call()
    if (round >= 100) times.push((performance.now() - startedMs) * 1000)
  }
  return medianOf(times)
}

function exactBuffer(bytes: Buffer): ArrayBuffer {
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer
}
