/** Where models come from: settings files in a folder, their code, their artefacts, their versions. */
export { pickDefaultVersion } from './default-version.ts'
export { createFolderRepository, type FolderRepositoryOptions } from './folder-repository.ts'
export type { ScanLimits } from './folder-scan.ts'
export { type ImplementationSettings, loadImplementation } from './implementation.ts'
export type { BrokenModel, ModelRepository, RepositoryContents } from './model-repository.ts'
export { modelSettingsJsonSchema } from './model-settings-schema.ts'
export type { ModelVersionSettings } from './model-version-settings.ts'
