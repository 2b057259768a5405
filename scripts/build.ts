/**
 * Builds every package into its `dist`: JavaScript and declarations, as they are published.
 * `node scripts/build.ts packages/sdk` builds only the folders named.
 */
import { copyFileSync, cpSync, existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { rewriteExtensions } from './rewrite-extensions.ts'
import { runCommand } from './run-command.ts'
import { buildUi, UI_FOLDER } from './ui-build.ts'
import { REPOSITORY_ROOT, type WorkspacePackage, workspacePackages } from './workspace-packages.ts'

/** What the compiler does not write because it is generated as JavaScript with declarations. */
const GENERATED = 'protocol/proto/**/*_pb.{js,d.ts}'

async function buildPackage({ folder, manifest }: WorkspacePackage): Promise<void> {
  const start = performance.now()
  const path = join(REPOSITORY_ROOT, folder)
  const dist = join(path, 'dist')
  const took = () => `${((performance.now() - start) / 1000).toFixed(1)} s`
  // npm packs only a licence that lies in the package's own folder.
  copyFileSync(join(REPOSITORY_ROOT, 'LICENSE'), join(path, 'LICENSE'))
  if (path === UI_FOLDER) {
    await buildUi()
    console.log(`${manifest.name}: pages in ${took()}`)
    return
  }
  rmSync(dist, { recursive: true, force: true })
  await runCommand('tsc', ['-p', join(path, 'tsconfig.build.json')], { show: true })

  const written = globSync('**/*.{js,d.ts}', { cwd: dist })
  const texts = new Map(written.map(file => [file, readFileSync(join(dist, file), 'utf8')]))
  for (const [file, text] of rewriteExtensions(texts)) writeFileSync(join(dist, file), text)

  for (const file of globSync(GENERATED, { cwd: path })) cpSync(join(path, file), join(dist, file))
  console.log(`${manifest.name}: ${written.length} files in ${took()}`)
}

const wanted = process.argv.slice(2)
const packages = workspacePackages()
for (const folder of wanted) {
  if (existsSync(folder) && packages.some(candidate => candidate.folder === folder)) continue
  throw new Error(
    `no package lies in '${folder}'; there are ${packages.map(({ folder }) => folder).join(', ')}`,
  )
}
for (const candidate of packages) {
  if (wanted.length === 0 || wanted.includes(candidate.folder)) await buildPackage(candidate)
}
