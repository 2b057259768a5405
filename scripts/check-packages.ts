/**
 * Holds the packages to what they promise: packs each, installs the tarballs into an empty project, and there lints
 * them, imports every public entry, compiles against their types, and runs the command; then has each runtime serve an
 * example in a project of its own. Needs `npm run build` first.
 */
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { openPages } from './open-pages.ts'
import { runCommand } from './run-command.ts'
import { serveAndAsk } from './serve-and-ask.ts'
import { type PackedWorkspacePackage, serveRuntimes } from './serve-runtimes.ts'
import {
  type Manifest,
  REPOSITORY_ROOT,
  type WorkspacePackage,
  workspacePackages,
} from './workspace-packages.ts'

/** Files that have no business in a published package: TypeScript source, tests, compiler settings. */
const NOT_FOR_PUBLICATION = /(?<!\.d)\.ts$|\.test\.|-(bed|fixture)\.|(^|\/)test\/|tsconfig/
/** `millrace init` copies these as they are, so they stay TypeScript. */
const TEMPLATES = /^cli\/templates\//

interface PackedPackage {
  readonly filename: string
  readonly files: readonly { readonly path: string }[]
}

/** Packs one package and returns its tarball's path. */
async function pack({ folder, manifest }: WorkspacePackage, target: string): Promise<string> {
  const cwd = join(REPOSITORY_ROOT, folder)
  if (!existsSync(join(cwd, 'dist'))) throw new Error(`${folder}/dist is missing: run npm run build first`)
  const output = await runCommand(
    'npm',
    ['pack', '--json', '--ignore-scripts', '--pack-destination', target],
    {
      cwd,
    },
  )
  const [packed] = JSON.parse(output) as PackedPackage[]
  if (packed === undefined) throw new Error(`npm packed nothing in ${folder}`)
  const paths = packed.files.map(({ path }) => path)
  const strays = paths.filter(path => NOT_FOR_PUBLICATION.test(path) && !TEMPLATES.test(path))
  if (strays.length > 0) throw new Error(`${manifest.name} would publish ${strays.join(', ')}`)
  if (!paths.includes('LICENSE')) throw new Error(`${manifest.name} would be published without its LICENSE`)
  return join(target, packed.filename)
}

async function lintInstalled({ name }: Manifest, project: string): Promise<void> {
  // What npm installed is exactly what would be published, so publint need not pack again.
  const { messages, pkg } = await publint({ pkgDir: join(project, 'node_modules', name), pack: false })
  for (const message of messages) {
    console.log(`${name}: ${message.type}: ${formatMessage(message, pkg, { color: false })}`)
  }
  if (messages.some(({ type }) => type !== 'suggestion')) throw new Error(`publint complains about ${name}`)
}

/** The public entries as others import them: `@millrace/sdk`, `@millrace/sdk/protocol`. */
function entriesOf({ name, exports = {} }: Manifest): string[] {
  return Object.keys(exports).map(entry => (entry === '.' ? name : `${name}/${entry.slice(2)}`))
}

async function importEntry(entry: string, project: string): Promise<void> {
  const program = `
    const entry = await import(${JSON.stringify(entry)})
    if (Object.keys(entry).length === 0) throw new Error('it exports nothing')
  `
  await runCommand(process.execPath, ['--input-type=module', '--eval', program], { cwd: project })
  console.log(`${entry}: imported`)
}

/** Compiles a file that imports every entry, with all declarations checked. */
async function compileAgainst(entries: readonly string[], project: string): Promise<void> {
  const imports = entries.map((entry, index) => `import * as entry${index} from '${entry}'`)
  const uses = entries.map((_, index) => `entry${index}`)
  await writeFile(
    join(project, 'consumer.ts'),
    `${imports.join('\n')}\nexport const entries = [${uses.join(', ')}]\n`,
  )
  const compilerOptions = {
    target: 'es2024',
    lib: ['es2024', 'esnext.float16', 'esnext.disposable'],
    module: 'nodenext',
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    typeRoots: [join(REPOSITORY_ROOT, 'node_modules/@types')],
    types: ['node'],
  }
  await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['consumer.ts'] }))
  await runCommand('tsc', ['-p', project])
  console.log(`types: ${entries.length} entries compile`)
}

async function runInstalledCommand({ version }: Manifest, project: string): Promise<void> {
  const millrace = join(project, 'node_modules/.bin/millrace')
  const printed = await runCommand(millrace, ['--version'], { cwd: project })
  if (printed.trim() !== version)
    throw new Error(`millrace --version printed '${printed.trim()}', not ${version}`)
  await runCommand(millrace, ['--help'], { cwd: project })
  // A new model's own test is the first thing that its author runs.
  await runCommand(millrace, ['init', 'first-model'], { cwd: project })
  await runCommand(process.execPath, ['--test'], { cwd: join(project, 'first-model') })
  console.log('millrace: --version, --help, init and the test of the new model')
  // What starts a worker finds its program by a path of its own, which is another one once it is built.
  for (const kind of ['thread', 'process']) {
    const env = { ...process.env, MILLRACE_MODEL_PLACEMENT: 'worker', MILLRACE_WORKER_KIND: kind }
    await serveAndAsk(
      `${millrace} serve first-model --http-port 0 --grpc-port 0 --metrics-port 0`,
      project,
      env,
    )
    console.log(`millrace: serves the new model in a ${kind}`)
  }
  await openPages([millrace], project)
  console.log('millrace: serves the web interface')
}

async function checkPackages(folder: string): Promise<void> {
  const packages = workspacePackages()
  const packed: PackedWorkspacePackage[] = []
  for (const each of packages) packed.push({ ...each, tarball: await pack(each, folder) })
  const tarballs = packed.map(({ tarball }) => tarball)

  const project = join(folder, 'project')
  await mkdir(project)
  await writeFile(join(project, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  await runCommand('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...tarballs], {
    cwd: project,
    show: true,
  })

  const manifests = packages.map(({ manifest }) => manifest)
  for (const manifest of manifests) await lintInstalled(manifest, project)
  const entries = manifests.flatMap(entriesOf)
  for (const entry of entries) await importEntry(entry, project)
  await compileAgainst(entries, project)
  for (const manifest of manifests) {
    if (manifest.bin?.['millrace'] !== undefined) await runInstalledCommand(manifest, project)
  }
  await serveRuntimes(packed, folder)
}

const folder = await mkdtemp(join(tmpdir(), 'millrace-packages-'))
try {
  await checkPackages(folder)
} finally {
  await rm(folder, { recursive: true, force: true })
}
