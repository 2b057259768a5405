import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { REPOSITORY_ROOT } from '../../walls/source-files.ts'

const run = promisify(execFile)

/** What the messages of the second generation import, and nothing here needs. */
const REQUESTS = [
  'requests==2.34.2',
  'urllib3==2.8.0',
  'idna==3.20',
  'certifi==2026.10.18',
  'charset-normalizer==3.5.2',
]

/** The platform's own messages are published once for each generation, under one name, and need an old protobuf. */
const PACKAGES = {
  G2: ['hydro-serving-grpc==2.4.0', ...REQUESTS],
  G3: ['hydro-serving-grpc==3.0.3', 'grpcio-health-checking==1.48.2', 'numpy==2.4.6'],
} as const
const COMMON = ['grpcio==1.85.1', 'protobuf==3.20.3', 'typing_extensions==4.16.0']

/**
 * A Python interpreter with the messages of a generation: the one that MILLRACE_TEST_HYDROSPHERE_G2 or
 * MILLRACE_TEST_HYDROSPHERE_G3 names, or one in a virtual environment that is made here and kept.
 * @returns the reason in place of it if there is none
 */
export async function pythonFor(
  generation: keyof typeof PACKAGES,
): Promise<{ readonly python: string } | { readonly missing: string }> {
  const given = process.env[`MILLRACE_TEST_HYDROSPHERE_${generation}`]
  if (given !== undefined && given !== '') return { python: given }
  const folder = join(REPOSITORY_ROOT, 'conformance/runtimes/exec/.venv', generation)
  const python = join(folder, 'bin/python')
  const stamp = join(folder, 'installed')
  if (existsSync(stamp)) return { python }
  try {
    await run('python3', ['-m', 'venv', folder])
    const packages = [...PACKAGES[generation], ...COMMON]
    await run(python, ['-m', 'pip', 'install', '--quiet', '--no-deps', ...packages])
    await writeFile(stamp, '')
    return { python }
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    const reason = error instanceof Error ? error.message : String(error)
    return { missing: `the environment of ${generation} cannot be made: ${reason.slice(0, 500)}` }
  }
}
