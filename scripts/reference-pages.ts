import { readFileSync } from 'node:fs'
import { ERROR_CODES } from '../packages/sdk/errors/index.ts'
import { serverSettingsJsonSchema } from '../packages/server/base/index.ts'
import { GRPC_CODE } from '../packages/server/doors/open-inference/grpc-status.ts'
import { HTTP_STATUS } from '../packages/server/doors/open-inference/http-status.ts'
import { modelSettingsJsonSchema } from '../packages/server/repository/index.ts'

/** A JSON Schema as far as these pages read it. */
interface Schema {
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly description?: string
  readonly default?: unknown
  readonly minimum?: number
  readonly maximum?: number
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
}

/** The pages and schemas of `docs/reference` that follow from the code, by their path in there. */
export function referencePages(): ReadonlyMap<string, string> {
  return new Map([
    ['server-settings.md', serverSettingsPage()],
    ['model-settings.md', modelSettingsPage()],
    ['errors.md', errorsPage()],
    ['schemas/server-settings.schema.json', schemaFile(serverSettingsJsonSchema())],
    ['schemas/model-settings.schema.json', schemaFile(modelSettingsJsonSchema())],
  ])
}

/** For the `$schema` of a settings file, which tells editors what may stand there. */
function schemaFile(schema: object): string {
  return `${JSON.stringify(schema, undefined, 2)}\n`
}

function serverSettingsPage(): string {
  return `# Server settings

${GENERATED}
\`settings.json\` in the root of the model repository. Each value comes from the first of: a flag of \`millrace serve\`, the file, an environment
variable (\`MILLRACE_\` or \`MLSERVER_\` and the field in capitals: \`MLSERVER_HTTP_PORT\`), \`.env\` in the working directory, the default.
\`millrace serve DIR --print-config\` shows each value and where it came from. Fields that this version knows and does not act on are reported
when they are set.

${fieldTable(serverSettingsJsonSchema())}`
}

function modelSettingsPage(): string {
  return `# Model settings

${GENERATED}
\`model-settings.json\` in a model's folder; each file is one version of one model. What the file leaves out comes from an environment variable
(\`MLSERVER_MODEL_\` and the field in capitals; fields of \`parameters\` the same way, \`MLSERVER_MODEL_URI\`), then \`.env\`, then the default.

${fieldTable(modelSettingsJsonSchema())}`
}

function errorsPage(): string {
  const meanings = codeMeanings()
  const rows = ERROR_CODES.map(
    code => `| \`${code}\` | ${HTTP_STATUS[code]} | ${GRPC_CODE[code]} | ${meanings.get(code)} |`,
  )
  return `# Errors

${GENERATED}
Every failure is one of these, over REST as \`{"error": message}\` with the HTTP status, over gRPC as the status with the message. A request whose
body breaks the schema answers 422 instead of 400 and has a \`detail\` list besides. A model may give a \`ServingError\` an HTTP status of its own.

| code | HTTP | gRPC | meaning |
| --- | --- | --- | --- |
${rows.join('\n')}
`
}

const GENERATED = '<!-- Written by scripts/generate-reference.ts from the code. -->'

/** The comment above each code in the list of codes. */
function codeMeanings(): ReadonlyMap<string, string> {
  const source = readFileSync(new URL('../packages/sdk/errors/error-codes.ts', import.meta.url), 'utf8')
  return new Map(
    Array.from(source.matchAll(/\/\*\* (.+) \*\/\n\s+'([A-Z_]+)'/g), ([, meaning, code]) => [
      code!,
      meaning!,
    ]),
  )
}

function fieldTable(schema: Schema): string {
  const rows = fields(schema, '').map(({ name, field }) => {
    const shown = field.default === undefined ? '' : `\`${JSON.stringify(field.default)}\``
    return `| \`${name}\` | ${allowed(field)} | ${shown} | ${field.description ?? ''} |`
  })
  return `| field | allowed | default | meaning |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`
}

function fields(schema: Schema, prefix: string): { readonly name: string; readonly field: Schema }[] {
  return Object.entries(schema.properties ?? {})
    .filter(([name]) => name !== '$schema')
    .flatMap(([name, field]) => [
      { name: prefix + name, field },
      ...fields(field, `${prefix}${name}.`),
      ...(field.items === undefined ? [] : fields(field.items, `${prefix}${name}[].`)),
    ])
}

function allowed({ type, enum: values, minimum, maximum, items }: Schema): string {
  if (values !== undefined) return values.map(value => `\`${String(value)}\``).join(', ')
  const kinds = typeof type === 'string' ? [type] : (type ?? ['any'])
  const range =
    minimum === undefined ? '' : ` from ${minimum}${maximum === undefined ? '' : ` to ${maximum}`}`
  const of = items?.type === undefined ? '' : ` of ${String(items.type)}`
  return kinds.join(' or ') + of + range
}
