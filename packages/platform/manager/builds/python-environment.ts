import { execFile } from 'node:child_process'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ServingError } from '@millrace/sdk'
import { findProgram } from '../runtimes/find-program.ts'

const run = promisify(execFile)
const OPTIONS = { timeout: 120_000, maxBuffer: 1024 * 1024, killSignal: 'SIGKILL' } as const

/**
 * Makes a Python environment of its own for a version: what is installed into it is seen by that version alone, which
 * also sees what the machine's Python has. It takes milliseconds, because it has no pip of its own but uses the machine's.
 *
 * Resolves to what was done, for the log; `undefined` on a machine without Python, which not every command needs.
 * Rejects FAILED_PRECONDITION when Python is there and cannot do it, and with the signal's reason.
 */
export async function makePythonEnvironment(
  folder: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const named = process.env['MILLRACE_PYTHON'] || 'python3'
  const base = await findProgram(named, { folder: '/', path: process.env['PATH'] ?? '' }).catch(
    () => undefined,
  )
  if (base === undefined) return undefined
  try {
    await run(base, ['-m', 'venv', '--system-site-packages', '--without-pip', folder], { ...OPTIONS, signal })
    await showBasePackages(base, folder, signal)
    await addPip(folder)
    const { stdout } = await run(join(folder, 'bin/python'), ['--version'], { ...OPTIONS, signal })
    return `${stdout.trim()} (${base})`
  } catch (error) {
    signal.throwIfAborted()
    throw new ServingError(
      'FAILED_PRECONDITION',
      `${base} could not make a Python environment: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    )
  }
}

/** An environment made of another one would see only what lies below both. */
async function showBasePackages(base: string, folder: string, signal: AbortSignal): Promise<void> {
  const ask = (python: string) =>
    run(python, ['-c', 'import sysconfig; print(sysconfig.get_paths()["purelib"])'], { ...OPTIONS, signal })
  const [{ stdout: theirs }, { stdout: ours }] = await Promise.all([
    ask(base),
    ask(join(folder, 'bin/python')),
  ])
  await writeFile(join(ours.trim(), '_base.pth'), theirs)
}

/** `pip` of the machine would install into the machine's Python. */
async function addPip(folder: string): Promise<void> {
  for (const name of ['pip', 'pip3']) {
    const path = join(folder, 'bin', name)
    await writeFile(path, `#!/bin/sh\nexec "${join(folder, 'bin/python')}" -m pip "$@"\n`)
    await chmod(path, 0o755)
  }
}
