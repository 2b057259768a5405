import { inferenceServiceManifest, requireValid, writeManifest } from '../../manifests/index.ts'
import { CommandFailure } from '../command-failure.ts'
import { EXIT } from '../exit-codes.ts'

export interface InferenceServiceFlags {
  readonly format: { readonly name: string; readonly version?: string }
  readonly path?: string
  readonly storageKey?: string
  readonly storageParameter?: Readonly<Record<string, string>>
  readonly schemaPath?: string
  readonly storageUri?: string
  readonly runtime?: string
  readonly protocol?: string
  readonly namespace?: string
  readonly kserve?: true
  readonly output: 'yaml' | 'json'
}

export function runInferenceService(name: string, flags: InferenceServiceFlags): void {
  const { format, path, storageKey, storageParameter, schemaPath, storageUri, runtime, protocol, namespace } =
    flags
  if ((path === undefined) === (storageUri === undefined)) {
    throw new CommandFailure(
      'say where the model is: either --path in a storage, or --storage-uri, for example --storage-uri s3://models/churn',
      EXIT.usage,
    )
  }
  const besidePath = [
    ['--storage-key', storageKey],
    ['--storage-parameter', storageParameter],
    ['--schema-path', schemaPath],
  ] as const
  for (const [flag, value] of besidePath) {
    if (storageUri !== undefined && value !== undefined) {
      throw new CommandFailure(`${flag} is for --path; it cannot be given with --storage-uri`, EXIT.usage)
    }
  }
  const manifest = inferenceServiceManifest({
    name,
    namespace,
    format,
    runtime,
    protocol,
    isForMesh: flags.kserve !== true,
    location:
      storageUri === undefined
        ? {
            storage: {
              ...(storageKey === undefined ? {} : { key: storageKey }),
              path: path!,
              ...(schemaPath === undefined ? {} : { schemaPath }),
              ...(storageParameter === undefined ? {} : { parameters: storageParameter }),
            },
          }
        : { storageUri },
  })
  requireValid(manifest)
  process.stdout.write(writeManifest(manifest, flags.output))
}
