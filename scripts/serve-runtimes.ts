import { cp, mkdir, readdir, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { runCommand } from './run-command.ts'
import { serveAndAsk } from './serve-and-ask.ts'
import { REPOSITORY_ROOT, type WorkspacePackage } from './workspace-packages.ts'

/** A package and the tarball that would be published of it. */
export interface PackedWorkspacePackage extends WorkspacePackage {
  readonly tarball: string
}

/** What each runtime serves to show that it works as it is published. */
const EXAMPLES: Readonly<Record<string, string>> = {
  '@millrace/onnx': 'examples/onnx/wine',
  '@millrace/xgboost': 'examples/xgboost/tumours',
  '@millrace/lightgbm': 'examples/lightgbm/bike-rentals',
  '@millrace/transformers': 'examples/transformers/sentiment',
  '@millrace/python': 'examples/python/house-prices',
  '@millrace/exec': 'examples/exec/fuel-costs',
}
/** What several runtimes are made of; it serves no model itself. */
const SHARED = '@millrace/trees'
const COMMAND = 'millrace'
/** What the program of the example for programs imports. */
const FOR_PROGRAMS = ['@grpc/grpc-js', '@grpc/proto-loader']

/**
 * Installs the command and one runtime at a time into an empty project, and has it serve an example: in a thread and
 * in a process, or where its manifest says that it runs.
 * @throws Error if it brings another runtime along, has no example, or does not answer
 */
export async function serveRuntimes(packages: readonly PackedWorkspacePackage[], folder: string) {
  const runtimes = packages.filter(
    each => each.folder.startsWith('runtimes/') && each.manifest.name !== SHARED,
  )
  for (const runtime of runtimes) {
    const { name } = runtime.manifest
    const example = EXAMPLES[name]
    if (example === undefined)
      throw new Error(`${name} has no example to serve; name one in serve-runtimes.ts`)
    const project = join(folder, basename(runtime.folder))
    await installAlone(runtime, packages, project)
    await cp(join(REPOSITORY_ROOT, example), join(project, 'models', basename(example)), {
      recursive: true,
      filter: path => !path.endsWith('.test.ts'),
    })
    const variables = name === '@millrace/python' ? await pythonVariables() : {}
    if (variables === null) continue
    for (const placement of placementsOf(runtime)) {
      await serveAndAsk(
        `${join(project, 'node_modules/.bin', COMMAND)} serve models --http-port 0 --grpc-port 0 --metrics-port 0`,
        project,
        { ...process.env, ...variables, ...placement },
      )
      const where = placement['MILLRACE_WORKER_KIND'] ?? 'server'
      console.log(`${name}: serves ${example} in a ${where}`)
    }
  }
}

async function installAlone(
  runtime: WorkspacePackage,
  packages: readonly PackedWorkspacePackage[],
  project: string,
): Promise<void> {
  const { name } = runtime.manifest
  const wanted = withOwnDependencies([COMMAND, name], packages)
  const rest = name === '@millrace/exec' ? await versionsOf(FOR_PROGRAMS) : []
  await mkdir(project)
  await writeFile(join(project, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  await runCommand(
    'npm',
    [
      'install',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      ...wanted.map(({ tarball }) => tarball),
      ...rest,
    ],
    { cwd: project, show: true },
  )
  // The command's own, and the runtime's.
  const allowed = new Set(['sdk', 'server', 'ui', basename(name), basename(SHARED)])
  const installed = await readdir(join(project, 'node_modules/@millrace'))
  const others = installed.filter(each => !allowed.has(each))
  if (others.length > 0) throw new Error(`${name} brings ${others.join(', ')} along`)
}

/** The packages of these names, and those of ours that they need. */
function withOwnDependencies(
  names: readonly string[],
  packages: readonly PackedWorkspacePackage[],
): readonly PackedWorkspacePackage[] {
  const wanted = new Set(names)
  // Each stands after what it depends on.
  for (const { manifest } of packages.toReversed()) {
    if (wanted.has(manifest.name))
      for (const name of Object.keys(manifest.dependencies ?? {})) wanted.add(name)
  }
  return packages.filter(({ manifest }) => wanted.has(manifest.name))
}

async function versionsOf(names: readonly string[]): Promise<readonly string[]> {
  const { default: manifest } = (await import('../package.json', { with: { type: 'json' } })) as {
    readonly default: { readonly devDependencies: Readonly<Record<string, string>> }
  }
  return names.map(name => `${name}@${manifest.devDependencies[name]}`)
}

/** Which Python to run, or `null` if there is none with numpy. */
async function pythonVariables(): Promise<Readonly<Record<string, string>> | null> {
  const python = process.env['MILLRACE_TEST_PYTHON'] ?? 'python3'
  try {
    await runCommand(python, ['-c', 'import numpy'])
    return { MILLRACE_PYTHON: python }
  } catch (error) {
    console.log(
      `@millrace/python: not served, as ${python} cannot import numpy (MILLRACE_TEST_PYTHON names another)`,
    )
    console.log(`  ${String(error).split('\n')[0]}`)
    return null
  }
}

function placementsOf({ manifest }: WorkspacePackage): readonly Readonly<Record<string, string>>[] {
  if (manifest.millrace?.placement === 'server') return [{}]
  return ['thread', 'process'].map(kind => ({
    MILLRACE_MODEL_PLACEMENT: 'worker',
    MILLRACE_WORKER_KIND: kind,
  }))
}
