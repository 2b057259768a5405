import { APPLICATION_FIELDS, readApplication } from './application-reader.ts'
import { DEPLOYMENT_FIELDS, readDeploymentConfiguration } from './deployment-reader.ts'
import { MODEL_FIELDS, readModel } from './model-reader.ts'
import { didYouMean } from './nearest-word.ts'
import { createProblems, type Problems } from './problems.ts'
import type { Resource, ResourceKind, ResourceSource } from './resource.ts'
import { readYamlDocuments } from './yaml-documents.ts'
import { UnreadableFile, type YamlValue } from './yaml-value.ts'

export interface ParsedResources {
  /** In the order of their documents. */
  readonly resources: readonly Resource[]
  /** What is there and has no effect; a line each. */
  readonly warnings: readonly string[]
}

export interface ParseOptions {
  /** For messages: the file's name as the user gave it, or `standard input`. */
  readonly file: string
  /** What relative paths are relative to: the file's folder, or where the command was started. */
  readonly folder: string
}

const NAME_LENGTH_MAX = 253

interface Kind {
  readonly fields: readonly string[]
  read(
    document: YamlValue,
    fields: ReadonlyMap<string, YamlValue>,
    name: string,
    source: ResourceSource,
  ): Resource
}

const KINDS: Readonly<Record<ResourceKind, Kind>> = {
  Model: { fields: MODEL_FIELDS, read: readModel },
  Application: { fields: APPLICATION_FIELDS, read: readApplication },
  DeploymentConfiguration: { fields: DEPLOYMENT_FIELDS, read: readDeploymentConfiguration },
}

/**
 * Reads the documents of a resource file.
 *
 * @throws ServingError INVALID_ARGUMENT naming everything that is wrong: file, line, column, field, value and what is
 * allowed, a line each
 */
export function parseResources(text: string, options: ParseOptions): ParsedResources {
  const problems = createProblems()
  const resources: Resource[] = []
  try {
    for (const document of readYamlDocuments(text, options.file, problems)) {
      const resource = readResource(document, options, problems)
      if (resource !== undefined) resources.push(resource)
    }
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error
  }
  problems.throwIfAny()
  return { resources, warnings: problems.warnings }
}

function readResource(
  document: YamlValue,
  { file, folder }: ParseOptions,
  problems: Problems,
): Resource | undefined {
  const before = problems.count
  const members = document.entries('a resource: an object with kind and name')
  if (members === undefined) return undefined
  const kindValue = members.get('kind')
  if (kindValue === undefined || kindValue.isNothing) {
    return document.problem(`No 'kind' field specified in ${file}; the kinds are ${kindNames()}`)
  }
  const word = kindValue.text('a kind')
  if (word === undefined) return undefined
  if (!Object.hasOwn(KINDS, word)) {
    return kindValue.problem(
      `Kind ${word} in ${file} is not supported${didYouMean(word, Object.keys(KINDS))}; the kinds are ${kindNames()}`,
    )
  }
  const kind = KINDS[word as ResourceKind]
  const fields = document.fields(kind.fields)
  if (fields === undefined) return undefined
  const nameValue = fields.get('name')
  if (nameValue === undefined) document.problem(`name is missing; every ${word} has one`)
  const name = nameValue?.scalarText('a name') ?? ''
  if (name.length > NAME_LENGTH_MAX) nameValue?.problem(`a name has at most ${NAME_LENGTH_MAX} characters`)
  if (nameValue !== undefined && name.trim() === '') nameValue.problem('a name must not be empty')
  const resource = kind.read(document, fields, name, { place: document.place, folder })
  return problems.count === before ? resource : undefined
}

function kindNames(): string {
  return Object.keys(KINDS).join(', ')
}
