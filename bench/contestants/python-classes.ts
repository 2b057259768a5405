import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Contestant } from './contestant.ts'
import { millrace } from './millrace.ts'
import { MLSERVER_PYTHON, mlserver } from './mlserver.ts'

const MODELS = fileURLToPath(new URL('../models-python/', import.meta.url))

/** A Python with numpy: that of MILLRACE_TEST_PYTHON, else python3. */
export const NUMPY_PYTHON = process.env['MILLRACE_TEST_PYTHON'] ?? 'python3'

/** The same Python class in one process, its package being our subset or that of MLServer. */
function withPython(name: string, python: string, needed: string): Contestant {
  return {
    ...millrace(name, MODELS, { environment: { MILLRACE_PYTHON: python } }),
    obstacle() {
      try {
        execFileSync(python, ['-c', `import ${needed}`], { stdio: 'ignore' })
        return null
      } catch {
        return `${python} cannot import ${needed}`
      }
    },
  }
}

export const millracePython = withPython('Millrace', NUMPY_PYTHON, 'numpy')
export const millraceStockPackage = withPython(
  'Millrace, with the mlserver package',
  MLSERVER_PYTHON,
  'mlserver',
)
export const mlserverPythonWithWorker = mlserver(1, MODELS)
export const mlserverPythonWithoutWorker = mlserver(0, MODELS)
