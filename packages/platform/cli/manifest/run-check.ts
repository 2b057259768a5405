import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import {
  type Manifest,
  type MeshRegistration,
  readManifests,
  registrationOfInferenceService,
  registrationOfPredictor,
} from '../../manifests/index.ts'
import { CommandFailure } from '../command-failure.ts'
import { EXIT } from '../exit-codes.ts'

export interface CheckFlags {
  readonly output: 'text' | 'json'
}

interface Checked {
  readonly file: string
  readonly kind: string
  readonly name: string
  /** What ModelMesh makes of a model. */
  readonly registration?: MeshRegistration
}

export async function runCheck(files: readonly string[], { output }: CheckFlags): Promise<void> {
  const checked: Checked[] = []
  for (const file of files) {
    const name = file === '-' ? 'standard input' : file
    for (const manifest of readManifests(await readText(file), name)) checked.push(describe(manifest, name))
  }
  if (output === 'json') {
    process.stdout.write(`${JSON.stringify(checked, null, 2)}\n`)
    return
  }
  for (const { file, kind, name, registration } of checked) {
    process.stdout.write(`${file}: ${kind} ${name} is in order\n`)
    if (registration === undefined) continue
    const { targetModelId, modelInfo } = registration
    process.stdout.write(
      `  model id   ${targetModelId}\n  placed by  ${modelInfo.type}\n  path       ${modelInfo.path}\n  key        ${modelInfo.key}\n`,
    )
  }
}

function describe(manifest: Manifest, file: string): Checked {
  const { kind, metadata } = manifest
  const registration = registrationOf(manifest)
  return { file, kind, name: metadata.name, ...(registration === undefined ? {} : { registration }) }
}

function registrationOf(manifest: Manifest): MeshRegistration | undefined {
  if (manifest.kind === 'Predictor') return registrationOfPredictor(manifest)
  if (manifest.kind !== 'InferenceService') return undefined
  const isForMesh = manifest.metadata.annotations?.['serving.kserve.io/deploymentMode'] === 'ModelMesh'
  return isForMesh ? registrationOfInferenceService(manifest) : undefined
}

async function readText(file: string): Promise<string> {
  if (file === '-') return text(process.stdin)
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new CommandFailure(`${file} cannot be read: ${code ?? String(error)}`, EXIT.configuration)
  }
}
