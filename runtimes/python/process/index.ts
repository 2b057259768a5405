/** Python processes: how they are found, started, asked, replaced and ended. */
export { findInterpreter } from './interpreter.ts'
export { openPythonPool, type PythonPool } from './python-pool.ts'
export type { LoadSpec } from './python-process.ts'
