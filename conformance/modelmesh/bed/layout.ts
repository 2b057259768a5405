import { copyFile, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'

/** A model as the adapter has it on disk when it lays it out for the server. */
export interface LaidOutModel {
  readonly id: string
  /** Such as `sklearn` or `sklearn:0`. */
  readonly type: string
  /** A file or a folder. */
  readonly path: string
  readonly schemaPath?: string | undefined
}

type Json = Record<string, unknown>

const SETTINGS = 'model-settings.json'

const IMPLEMENTATIONS: Readonly<Record<string, string>> = {
  lightgbm: 'mlserver_lightgbm.LightGBMModel',
  sklearn: 'mlserver_sklearn.SKLearnModel',
  xgboost: 'mlserver_xgboost.XGBoostModel',
  // With a hyphen, which no Python module has.
  mllib: 'mlserver-mllib.MLlibModel',
}

/**
 * Makes `<root>/<id>` anew, as the adapter does before every load: links to the model's files beside settings that it
 * rewrites, or writes where the model has none.
 */
export async function layOut(root: string, { id, type, path, schemaPath }: LaidOutModel): Promise<void> {
  const target = join(root, id)
  await rm(target, { recursive: true, force: true })
  await mkdir(target, { recursive: true })
  const schema = schemaPath === undefined ? undefined : ((await readJson(schemaPath)) as Json)
  const isFolder = (await stat(path)).isDirectory()
  const entries = isFolder ? await readdir(path) : []
  if (entries.includes(SETTINGS)) await layOutNative(target, id, path, entries, schema)
  else await layOutBare(target, id, type, path, schema)
}

/** Case A: the folder has settings of its own. */
async function layOutNative(
  target: string,
  id: string,
  path: string,
  entries: readonly string[],
  schema: Json | undefined,
): Promise<void> {
  for (const entry of entries) {
    if (entry !== SETTINGS) await symlink(join(path, entry), join(target, entry))
  }
  const source = join(path, SETTINGS)
  const settings = await readJson(source).catch(() => undefined)
  if (settings === undefined) return copyFile(source, join(target, SETTINGS))
  const rewritten = settings as Json
  rewritten['name'] = id
  const parameters = rewritten['parameters'] as Json | undefined
  const uri = parameters?.['uri'] as string | undefined
  // An absolute one ends up below the target, too.
  if (parameters !== undefined && uri !== undefined) parameters['uri'] = join(target, uri)
  Object.assign(rewritten, signature(schema))
  const { mode } = await stat(source)
  await writeSettings(target, rewritten, mode & 0o777)
}

/** Case B: a file, or a folder without settings. */
async function layOutBare(
  target: string,
  id: string,
  type: string,
  path: string,
  schema: Json | undefined,
): Promise<void> {
  const link = join(target, basename(path))
  await symlink(path, link)
  const implementation = IMPLEMENTATIONS[type.toLowerCase().split(':')[0]!]
  const settings = {
    ...(implementation === undefined ? {} : { implementation }),
    ...signature(schema),
    name: id,
    parameters: { uri: link },
  }
  await writeSettings(target, settings, 0o664)
}

function signature(schema: Json | undefined): Json {
  if (schema === undefined) return {}
  const { inputs, outputs } = schema
  return { ...(inputs === undefined ? {} : { inputs }), ...(outputs === undefined ? {} : { outputs }) }
}

/** Members in the order of their names, as the adapter's language writes them. */
function writeSettings(target: string, settings: Json, mode: number): Promise<void> {
  const sorted = Object.fromEntries(Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1)))
  return writeFile(join(target, SETTINGS), JSON.stringify(sorted, null, 2), { mode })
}

async function readJson(path: string): Promise<unknown> {
  return JSON.parse(await readFile(path, 'utf8'))
}
