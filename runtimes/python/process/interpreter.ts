import { access, constants, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, isAbsolute, join, resolve } from 'node:path'
import { type ModelSettings, ServingError } from '@millrace/sdk'

/** A Python interpreter, and which setting chose it. */
export interface Interpreter {
  readonly path: string
  /** For messages: `parameters.environment_path`. */
  readonly chosenBy: string
}

/**
 * The interpreter of a model: that of `parameters.environment_path` (a virtual or conda environment's folder), else
 * `parameters.extra.python`, else `MILLRACE_PYTHON`, else `python3` on the `PATH`. `~` and `$VAR` are expanded, and a
 * relative path begins in the settings' folder.
 * @throws ServingError FAILED_PRECONDITION when what was chosen is no program
 */
export async function findInterpreter(
  settings: Pick<ModelSettings, 'name' | 'folder' | 'parameters' | 'extra'>,
  environment: NodeJS.ProcessEnv,
): Promise<Interpreter> {
  const fail = (chosenBy: string, problem: string): ServingError =>
    new ServingError('FAILED_PRECONDITION', `Model ${settings.name}: ${chosenBy}: ${problem}`)
  const read = (chosenBy: string, value: unknown): string | undefined => {
    if (value === undefined || value === null || value === '') return undefined
    if (typeof value !== 'string') throw fail(chosenBy, `${JSON.stringify(value)} is not a path`)
    return value
  }
  const check = async (chosenBy: string, path: string): Promise<Interpreter> => {
    if (!(await isProgram(path))) throw fail(chosenBy, `${path} is not there or cannot be run`)
    return { path, chosenBy }
  }

  const { environment_path: folder, environment_tarball: archive } = settings.parameters
  const chosenFolder = read('parameters.environment_path', folder)
  if (chosenFolder !== undefined) {
    const chosenBy = 'parameters.environment_path'
    return check(chosenBy, join(expand(chosenFolder, settings.folder, environment), 'bin', 'python'))
  }
  if (read('parameters.environment_tarball', archive) !== undefined) {
    throw fail('parameters.environment_tarball', 'nobody has unpacked it; say parameters.environment_path')
  }
  for (const [chosenBy, value] of [
    ['parameters.extra.python', settings.extra['python']],
    ['MILLRACE_PYTHON', environment['MILLRACE_PYTHON']],
  ] as const) {
    const chosen = read(chosenBy, value)
    if (chosen === undefined) continue
    // A bare name, such as python3.12, is looked for where a shell would.
    if (!/[/~$]/.test(chosen)) return onPath(chosen, chosenBy, environment, fail)
    return check(chosenBy, expand(chosen, settings.folder, environment))
  }
  return onPath('python3', 'the PATH', environment, fail)
}

async function onPath(
  name: string,
  chosenBy: string,
  environment: NodeJS.ProcessEnv,
  fail: (chosenBy: string, problem: string) => ServingError,
): Promise<Interpreter> {
  for (const folder of (environment['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, name)
    if (isAbsolute(path) && (await isProgram(path))) return { path, chosenBy }
  }
  throw fail(
    chosenBy,
    `there is no ${name} on the PATH; install Python 3.9 or newer, or name one by parameters.environment_path, parameters.extra.python or MILLRACE_PYTHON`,
  )
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}

/** `~` and `$VAR` as a shell reads them; an unknown variable stays as it is, as in Python. */
function expand(path: string, folder: string, environment: NodeJS.ProcessEnv): string {
  const named = path.replace(
    /\$(?:(\w+)|\{(\w+)\})/g,
    (whole: string, bare?: string, braced?: string) => environment[bare ?? braced ?? ''] ?? whole,
  )
  return resolve(folder, named.replace(/^~(?=\/|$)/, environment['HOME'] ?? homedir()))
}
