/** What the server's rooms share and no domain owns: budgets, the logger, settings. */
export { applicationHeaders, applicationHeadersKey } from './application-headers.ts'
export { ByteBudget } from './byte-budget.ts'
export {
  type CheckedSettings,
  formatValue,
  originOf,
  settingsChecker,
} from './config/checked-settings.ts'
export { readDotenv } from './config/dotenv-file.ts'
export {
  type FieldSchema,
  type FieldSchemas,
  type FieldType,
  type ObjectSchema,
} from './config/field-schema.ts'
export {
  type JsonObject,
  parseJsonObject,
  readJsonObject,
  readTextFile,
} from './config/json-file.ts'
export { suggestion } from './config/nearest-name.ts'
export { fileSource, type Origin, type SettingsSource } from './config/settings-source.ts'
export {
  type VariableOptions,
  type Variables,
  type VariablesSource,
  variablesSource,
} from './config/variables-source.ts'
export { createLogger, type LoggerOptions, type ServerLogger } from './logger.ts'
export { routeJson } from './route-json.ts'
export type { ModelMemorySettings } from './settings/cache-settings.ts'
export type { KafkaSecurity } from './settings/kafka-settings.ts'
export {
  type LoadedServerSettings,
  loadServerSettings,
  type ServerSettingsOptions,
} from './settings/load-server-settings.ts'
export type { MeshSettings } from './settings/mesh-settings.ts'
export type { ModelRuntimeSettings } from './settings/model-runtime-settings.ts'
export type {
  ApiKeysSettings,
  JwtSettings,
  ListenerSecurity,
  RateLimitSettings,
  SecuritySettings,
  TlsSettings,
} from './settings/security-settings.ts'
export type { CorsSettings, ServerSettings } from './settings/server-settings.ts'
export { type ServerSettingsFields, serverSettingsJsonSchema } from './settings/server-settings-schema.ts'
