import { execFileSync } from 'node:child_process'

/** True if this Python can be run and has a module. */
export function hasModule(python: string, name: string): boolean {
  try {
    execFileSync(python, ['-c', `import ${name}`], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** A Python with numpy: that of MILLRACE_TEST_PYTHON, else `python3`; undefined if neither has it. */
export const PYTHON = [process.env['MILLRACE_TEST_PYTHON'], 'python3'].find(
  candidate => candidate !== undefined && candidate !== '' && hasModule(candidate, 'numpy'),
)
