import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { ServingError } from '@millrace/sdk'
import {
  formatPlace,
  listPayload,
  type ModelResource,
  type PayloadFile,
  parseResources,
  type Resource,
  readResourceFiles,
} from '../../../resources/index.ts'
import { CommandFailure } from '../../command-failure.ts'
import { EXIT } from '../../exit-codes.ts'

/** Everything that is to be applied, checked as far as it can be without asking anybody. */
export interface Sources {
  /** In the order in which they are applied. */
  readonly resources: readonly Resource[]
  /** The files of each model. */
  readonly payloads: ReadonlyMap<ModelResource, readonly PayloadFile[]>
  readonly warnings: readonly string[]
}

/**
 * Reads all files, folders and `-` for standard input, in the order given.
 *
 * Rejects with a `CommandFailure` that names every mistake of all of them, each with file, line and column.
 */
export async function readSources(
  paths: readonly string[],
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Sources> {
  const mistakes: string[] = []
  const collect = async <T>(work: Promise<T>): Promise<T | undefined> =>
    work.catch((error: unknown) => {
      if (!ServingError.is(error)) throw error
      mistakes.push(...error.message.split('\n'))
      return undefined
    })
  const resources: Resource[] = []
  const warnings: string[] = []
  for (const path of paths) {
    const parsed = await collect(path === '-' ? readStandardInput() : readResourceFiles(path))
    resources.push(...(parsed?.resources ?? []))
    warnings.push(...(parsed?.warnings ?? []))
  }
  const payloads = new Map<ModelResource, readonly PayloadFile[]>()
  for (const resource of resources) {
    if (resource.kind !== 'Model') continue
    const files = await collect(listPayload(resource, environment))
    if (files !== undefined) payloads.set(resource, files)
    await collect(checkTrainingData(resource))
  }
  if (mistakes.length > 0) throw new CommandFailure(mistakesText(mistakes), EXIT.configuration)
  if (resources.length === 0) {
    throw new CommandFailure(
      `there is no resource in ${paths.join(', ')}; a resource has kind and name`,
      EXIT.configuration,
    )
  }
  return { resources, payloads, warnings }
}

/** Where a model's training data lies; undefined for none, and for an address that the server reads. */
export function trainingDataFile({ trainingData, source }: ModelResource): string | undefined {
  if (trainingData === undefined || isAddress(trainingData)) return undefined
  return resolve(source.folder, trainingData)
}

function isAddress(text: string): boolean {
  return /^[a-z0-9]+:\/\//i.test(text)
}

async function readStandardInput() {
  const options = { file: 'standard input', folder: process.cwd() }
  return parseResources(await text(process.stdin), options)
}

async function checkTrainingData(model: ModelResource): Promise<void> {
  const file = trainingDataFile(model)
  if (file === undefined) return
  const stats = await stat(file).catch(() => undefined)
  if (stats?.isFile() === true) return
  throw new ServingError(
    'INVALID_ARGUMENT',
    `${formatPlace(model.source.place)}: training-data: there is no file ${file}; it is a CSV file or s3://BUCKET/KEY`,
  )
}

function mistakesText(mistakes: readonly string[]): string {
  if (mistakes.length === 1) return mistakes[0]!
  return `${mistakes.length} mistakes, and nothing was applied\n${mistakes.map(line => `  ${line}`).join('\n')}`
}
