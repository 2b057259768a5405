/** What the server's rooms share and no domain owns: budgets, the logger, settings. */
export { ByteBudget } from './byte-budget.ts'
export {
  type CheckedSettings,
  formatPath,
  formatValue,
  originOf,
  settingError,
  settingsChecker,
} from './config/checked-settings.ts'
export { readDotenv } from './config/dotenv-file.ts'
export {
  describeAllowed,
  type FieldSchema,
  type FieldSchemas,
  type FieldType,
  type ObjectSchema,
} from './config/field-schema.ts'
export { flagsSource } from './config/flags-source.ts'
export {
  isJsonObject,
  type JsonObject,
  MAX_SETTINGS_FILE_BYTES,
  parseJson,
  parseJsonObject,
  readJsonObject,
} from './config/json-file.ts'
export { nearestName, suggestion } from './config/nearest-name.ts'
export { fileSource, type Origin, type SettingsSource } from './config/settings-source.ts'
export {
  type VariableOptions,
  type Variables,
  type VariablesSource,
  variablesSource,
} from './config/variables-source.ts'
export { createLogger, type LoggerOptions, type ServerLogger } from './logger.ts'
export {
  type LoadedServerSettings,
  loadServerSettings,
  type ServerSettingsOptions,
} from './settings/load-server-settings.ts'
export type { CorsSettings, ServerSettings } from './settings/server-settings.ts'
export { type ServerSettingsFields, serverSettingsJsonSchema } from './settings/server-settings-schema.ts'
