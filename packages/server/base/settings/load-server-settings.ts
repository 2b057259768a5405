import { join } from 'node:path'
import { originOf, settingError, settingsChecker } from '../config/checked-settings.ts'
import { readDotenv } from '../config/dotenv-file.ts'
import type { FieldSchemas } from '../config/field-schema.ts'
import { flagsSource } from '../config/flags-source.ts'
import { isJsonObject, type JsonObject, readJsonObject } from '../config/json-file.ts'
import type { MergedSettings } from '../config/merge-sources.ts'
import { fileSource, type SettingsSource } from '../config/settings-source.ts'
import { type Variables, variablesSource } from '../config/variables-source.ts'
import { checkSecuritySettings } from './security-settings-check.ts'
import { fillServerDefaults, serverDefaults } from './server-defaults.ts'
import { originPattern, type ServerSettings, toServerSettings } from './server-settings.ts'
import { type ServerSettingsFields, serverSettingsSchema } from './server-settings-schema.ts'
import { warnAboutSettingsWithoutEffect } from './settings-without-effect.ts'

export interface ServerSettingsOptions {
  /** The model repository; its `settings.json` is read. */
  readonly folder?: string | undefined
  /** Who named the folder, as {@link LoadedServerSettings.origins} shows it. Default: `folder argument`. */
  readonly folderOrigin?: string | undefined
  /** Whose `settings.json` is read if no folder is given; it may then set `model_repository_root`. Default: none. */
  readonly settingsFolder?: string | undefined
  /** Values by field name (`http_port`); text is read as in variables, `undefined` was not given. */
  readonly flags?: JsonObject | undefined
  /** Default: the environment of this process. */
  readonly environment?: Variables | undefined
  /** Where `.env` is and relative paths begin. Default: that of this process. */
  readonly workingDirectory?: string | undefined
}

export interface LoadedServerSettings {
  readonly settings: ServerSettings
  /** The same under the names of the settings file, as `--print-config` shows them. */
  readonly fields: ServerSettingsFields
  /**
   * Where each field came from: `flag --http-port`, `settings.json`, `environment MLSERVER_HTTP_PORT`,
   * `.env MLSERVER_HTTP_PORT`, `folder argument` or `default`. Members of objects have entries of their
   * own (`cors_settings.max_age`).
   */
  readonly origins: ReadonlyMap<string, string>
  /** Unknown fields, and fields that are set but have no effect. */
  readonly warnings: readonly string[]
}

const PREFIXES = ['MILLRACE_', 'MLSERVER_']
const properties: FieldSchemas = serverSettingsSchema.properties
const check = settingsChecker(serverSettingsSchema)

/**
 * The settings of a server: flags, then `settings.json` in the repository's folder, then the environment,
 * then `.env` in the working directory, then defaults.
 * @throws ServingError INVALID_ARGUMENT naming the origin, the field, the value and what is allowed.
 */
export async function loadServerSettings(options: ServerSettingsOptions = {}): Promise<LoadedServerSettings> {
  const { folder, folderOrigin, flags = {}, environment = process.env } = options
  const { settingsFolder = folder, workingDirectory = process.cwd() } = options
  const fromEnvironment = variablesSource(serverSettingsSchema, environment, {
    prefixes: PREFIXES,
    holder: 'environment',
  })
  const fromDotenv = variablesSource(serverSettingsSchema, await readDotenv(workingDirectory), {
    prefixes: PREFIXES,
    holder: '.env',
  })
  const checked = check([
    ...folderSources(folder, folderOrigin),
    flagsSource(serverSettingsSchema, flags),
    ...(await settingsFileSources(settingsFolder)),
    fromEnvironment,
    fromDotenv,
  ])

  const defaults = serverDefaults(workingDirectory)
  const fields = fillServerDefaults(checked.values, defaults)
  checkCorsPattern(fields, checked)
  checkSecuritySettings(fields, checked)
  return {
    settings: toServerSettings(fields, workingDirectory),
    fields,
    origins: listOrigins(fields, checked),
    warnings: [
      ...checked.warnings,
      ...fromEnvironment.warnings,
      ...fromDotenv.warnings,
      ...warnAboutSettingsWithoutEffect(fields, defaults),
      ...warnAboutBodyLimit(fields),
      ...warnAboutCors(fields),
    ],
  }
}

async function settingsFileSources(folder: string | undefined): Promise<SettingsSource[]> {
  if (folder === undefined) return []
  const path = join(folder, 'settings.json')
  const values = await readJsonObject(path)
  return values === undefined ? [] : [fileSource(values, 'settings.json', path)]
}

/** The folder that a server was started with is its repository, whatever its settings say. */
function folderSources(folder: string | undefined, origin = 'folder argument'): SettingsSource[] {
  return folder === undefined ? [] : [fileSource({ model_repository_root: folder }, origin, origin)]
}

function listOrigins(
  fields: ServerSettingsFields,
  merged: Pick<MergedSettings, 'origins'>,
): Map<string, string> {
  const origins = new Map<string, string>()
  for (const [name, value] of Object.entries(fields)) {
    origins.set(name, merged.origins.get(name)?.label ?? 'default')
    if (properties[name]?.properties === undefined || !isJsonObject(value)) continue
    for (const member of Object.keys(value)) {
      const path = `${name}.${member}`
      origins.set(path, merged.origins.get(path)?.label ?? 'default')
    }
  }
  return origins
}

/** JSON Schema cannot ask for a regular expression that compiles. */
function checkCorsPattern(fields: ServerSettingsFields, merged: Pick<MergedSettings, 'origins'>): void {
  const pattern = fields.cors_settings?.allow_origin_regex ?? null
  if (pattern === null) return
  try {
    originPattern(pattern)
  } catch (cause) {
    const path = ['cors_settings', 'allow_origin_regex']
    throw settingError(
      originOf(path, merged),
      path,
      pattern,
      `a regular expression (${cause instanceof Error ? cause.message : 'this one does not compile'})`,
    )
  }
}

function warnAboutBodyLimit({
  http_max_body_bytes: body,
  max_inflight_bytes: inflight,
}: ServerSettingsFields): string[] {
  if (body <= inflight) return []
  return [`http_max_body_bytes is ${body}, but max_inflight_bytes admits bodies of at most ${inflight}`]
}

function warnAboutCors({ cors_settings: cors }: ServerSettingsFields): string[] {
  if (cors === null || !cors.allow_credentials || !cors.allow_origins.includes('*')) return []
  return ['cors_settings lets the pages of every origin send credentials; name the origins that may']
}
