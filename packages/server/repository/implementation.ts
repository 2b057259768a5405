import { stat } from 'node:fs/promises'
import { extname, join, resolve } from 'node:path'
import { type ModelClass, type ModelSettings, ServingError, toModelClass } from '@millrace/sdk'
import { suggestion } from '../base/index.ts'
import {
  type ImplementationText,
  looksLikePythonClass,
  PYTHON_RUNTIME,
  parseImplementation,
  RUNTIME_ALIASES,
  runtimeOf,
} from './implementation-text.ts'
import { describeImportProblem } from './import-problem.ts'
import type { ModelVersionSettings } from './model-version-settings.ts'
import { importFile, importPackage, type ModuleExports } from './module-import.ts'
import { resolvePackage } from './package-resolution.ts'
import { placementOfPackage } from './runtime-placement.ts'

const EXTENSIONS: ReadonlySet<string> = new Set(['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs'])
const SHOWN_EXPORTS = 20

/** The settings that say where a model's code is. */
export type ImplementationSettings = Pick<ModelSettings, 'name' | 'implementation' | 'folder'> &
  Partial<Pick<ModelVersionSettings, 'implementationOrigin'>>

/**
 * The model that `implementation` names; see {@link loadExport}.
 * @throws ServingError also INVALID_ARGUMENT for an export that is no model
 */
export async function loadImplementation(settings: ImplementationSettings): Promise<ModelClass> {
  const { exported, fail } = await loadExport(settings, 'implementation')
  try {
    return toModelClass(exported)
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error)
    const { exportName } = parseImplementation(settings.implementation)
    throw fail('INVALID_ARGUMENT', `the export '${exportName}': ${problem}`, error)
  }
}

/**
 * Finds code and imports it, anew if its file has changed. Paths are taken from the folder of
 * the settings file; packages are looked for from there, then from the working directory, then from
 * this package.
 * @param field how errors name the setting
 * @returns the export, and errors that name the setting and where it was set
 * @throws ServingError naming the same: INVALID_ARGUMENT if there is no such export, UNIMPLEMENTED for a runtime that is not installed, INTERNAL if the code cannot be run
 */
export async function loadExport(
  settings: ImplementationSettings,
  field: string,
): Promise<{ readonly exported: unknown; readonly fail: Fail }> {
  const { origin, fail } = placeOf(settings, field)
  const parsed = parse(settings.implementation, origin)
  // Only models can be written in Python.
  const isPython = field === 'implementation' && isForPython(parsed, settings, fail)
  const text = isPython ? parseImplementation(PYTHON_RUNTIME) : parsed
  const module = text.isPath
    ? await importOwnFile(text, settings, fail)
    : await importFromPackage(text, settings, fail)
  return { exported: pickExport(module, text, fail), fail }
}

/**
 * Where the runtime that `implementation` names wants its models, told without running its code; undefined for one that
 * leaves it to be measured, for an author's own file, and for what is not installed.
 */
export async function placementOf(settings: ImplementationSettings): Promise<'server' | undefined> {
  const { origin, fail } = placeOf(settings, 'implementation')
  const parsed = parse(settings.implementation, origin)
  const text = isForPython(parsed, settings, fail) ? parseImplementation(PYTHON_RUNTIME) : parsed
  const url = text.isPath ? undefined : resolveModule(text, settings, fail)
  return url === undefined ? undefined : placementOfPackage(url)
}

function placeOf(
  settings: ImplementationSettings,
  field: string,
): { readonly origin: string; readonly fail: Fail } {
  const origin = settings.implementationOrigin ?? `model '${settings.name}'`
  const fail: Fail = (code, problem, cause) => {
    const message = `${origin}: ${field} '${settings.implementation}': ${problem}`
    return new ServingError(code, message, cause === undefined ? {} : { cause })
  }
  return { origin, fail }
}

type Fail = (
  code: 'INVALID_ARGUMENT' | 'UNIMPLEMENTED' | 'INTERNAL',
  problem: string,
  cause?: unknown,
) => ServingError

function parse(implementation: string, origin: string): ImplementationText {
  try {
    return parseImplementation(implementation)
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause)
    throw new ServingError('INVALID_ARGUMENT', `${origin}: ${problem}`, { cause })
  }
}

async function importOwnFile(
  { module }: ImplementationText,
  { folder }: ImplementationSettings,
  fail: Fail,
): Promise<ModuleExports> {
  const path = resolve(folder, module)
  const extension = extname(path)
  if (!EXTENSIONS.has(extension)) {
    throw fail('INVALID_ARGUMENT', `the file must end in one of ${[...EXTENSIONS].join(', ')}`)
  }
  if (!(await isFile(path))) throw fail('INVALID_ARGUMENT', `there is no file ${path}`)
  try {
    return await importFile(path, folder)
  } catch (error) {
    throw fail('INTERNAL', `cannot be imported: ${describeImportProblem(error)}`, error)
  }
}

/** True for the name of a Python class, unless there is a package of that name (`lodash.get`), and for a Python file. */
function isForPython(text: ImplementationText, settings: ImplementationSettings, fail: Fail): boolean {
  if (text.isPath) return extname(text.module) === '.py'
  const { implementation } = settings
  if (!looksLikePythonClass(implementation) || runtimeOf(implementation) !== undefined) return false
  return resolveModule(text, settings, fail) === undefined
}

const PYTHON_PACKAGE = parseImplementation(PYTHON_RUNTIME).module
const PYTHON_NEEDED =
  `this is a Python class; it needs the python runtime, which is not installed; install it with: npm install ${PYTHON_PACKAGE}. ` +
  'A model in TypeScript is written as ./model.ts:Export'

/** A runtime that is named by its package: ours are not part of the server. */
const OWN_RUNTIME = /^@millrace\/[a-z-]+:\w+Model$/

async function importFromPackage(
  text: ImplementationText,
  settings: ImplementationSettings,
  fail: Fail,
): Promise<ModuleExports> {
  const url = resolveModule(text, settings, fail)
  if (url === undefined) throw await explainMissingPackage(text, settings, fail)
  if (url.startsWith('node:')) {
    throw fail('INVALID_ARGUMENT', `${url} is a module of Node.js; name a package or a file`)
  }
  try {
    return await importPackage(url)
  } catch (error) {
    throw fail(
      'INTERNAL',
      `package ${text.module} cannot be imported: ${describeImportProblem(error)}`,
      error,
    )
  }
}

function resolveModule(
  { module }: ImplementationText,
  { folder }: ImplementationSettings,
  fail: Fail,
): string | undefined {
  try {
    return resolvePackage(module, [folder, process.cwd()])
  } catch (error) {
    throw fail(
      'INVALID_ARGUMENT',
      `package ${module} cannot be resolved: ${describeImportProblem(error)}`,
      error,
    )
  }
}

async function explainMissingPackage(
  { module }: ImplementationText,
  { implementation, folder }: ImplementationSettings,
  fail: Fail,
): Promise<ServingError> {
  if (runtimeOf(implementation) !== undefined || OWN_RUNTIME.test(implementation)) {
    return fail('UNIMPLEMENTED', `this runtime is not installed; install it with: npm install ${module}`)
  }
  if (await isFile(join(folder, module))) {
    return fail('INVALID_ARGUMENT', `a file's path begins with a dot; write './${implementation}'`)
  }
  if (module === PYTHON_PACKAGE) return fail('UNIMPLEMENTED', PYTHON_NEEDED)
  return fail(
    'INVALID_ARGUMENT',
    `there is no package ${module}; it was looked for from ${folder}, from ${process.cwd()} and among the server's own` +
      // Without an export it may well be the word for a runtime, misspelt.
      (module === implementation ? `; words for runtimes are ${[...RUNTIME_ALIASES.keys()].join(', ')}` : ''),
  )
}

function pickExport(module: ModuleExports, { exportName }: ImplementationText, fail: Fail): unknown {
  if (Object.hasOwn(module, exportName)) return module[exportName]
  // Node.js does not see every name that a CommonJS module exports.
  const commonJs = module['default']
  if (typeof commonJs === 'object' && commonJs !== null && Object.hasOwn(commonJs, exportName)) {
    return Reflect.get(commonJs, exportName)
  }
  const names = Object.keys(module).filter(name => name !== 'module.exports')
  const more = names.length > SHOWN_EXPORTS ? ` and ${names.length - SHOWN_EXPORTS} more` : ''
  const shown = names
    .slice(0, SHOWN_EXPORTS)
    .map(name => `'${name}'`)
    .join(', ')
  const has = names.length === 0 ? 'the module exports nothing' : `the module exports ${shown}${more}`
  throw fail('INVALID_ARGUMENT', `there is no export '${exportName}'; ${has}${suggestion(exportName, names)}`)
}

async function isFile(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  return found?.isFile() === true
}
