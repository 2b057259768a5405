import { join } from 'node:path'
import {
  type ExportSpecifier,
  type ImportClause,
  type ImportSpecifier,
  isCallExpression,
  isExportDeclaration,
  isExternalModuleReference,
  isIdentifier,
  isImportDeclaration,
  isImportTypeNode,
  isLiteralTypeNode,
  isMetaProperty,
  isNamedExports,
  isNamedImports,
  isNewExpression,
  isPropertyAccessExpression,
  isStringLiteralLikeNode,
  type Node,
  type SourceFile,
  SyntaxKind,
} from 'typescript/unstable/ast'
import { API } from 'typescript/unstable/sync'

/** One place in a file that names another module. */
export interface SourceImport {
  /** The file, as the caller named it. */
  readonly file: string
  /** Line of the specifier, from 1. */
  readonly line: number
  readonly specifier: string
  /** Where the quoted specifier begins and ends in the file's text, in UTF-16 units. */
  readonly start: number
  readonly end: number
  /**
   * `static` and `dynamic` load the module here; `type` is gone at run time; `location` only finds the file
   * (`new URL('./worker.ts', import.meta.url)`, `import.meta.resolve`), to run it elsewhere.
   */
  readonly kind: 'static' | 'dynamic' | 'type' | 'location'
  /** The names taken, or `undefined` where the form takes the module as a whole. */
  readonly names: readonly string[] | undefined
}

/** A located file that is no code, a template or a manifest, is no import. */
const CODE_FILE = /\.[cm]?[jt]sx?$/

/** What one file takes from others and passes on. */
export interface FileImports {
  readonly imports: readonly SourceImport[]
  /** All names in the file's `export { … }` lists. */
  readonly exportedNames: readonly string[]
}

/**
 * Reads every import of the given files with TypeScript's own parser.
 *
 * `texts` maps a file's name, relative to any one folder, to its text; nothing is read from disk, so a test can bring
 * files that do not exist. Throws when a file does not parse, since an import in it could then go unseen.
 */
export function readImports(texts: ReadonlyMap<string, string>): Map<string, FileImports> {
  // A made-up folder keeps the parser away from the real files and from every tsconfig above them.
  const folder = '/source-imports'
  const configFile = join(folder, 'tsconfig.json')
  const files = new Map([...texts].map(([file, text]) => [join(folder, file), text]))
  const config = {
    compilerOptions: { noResolve: true, noLib: true, types: [], allowJs: true, moduleDetection: 'force' },
    files: [...files.keys()],
  }
  files.set(configFile, JSON.stringify(config))
  const api = new API({
    cwd: folder,
    fs: {
      readFile: path => files.get(path) ?? null,
      fileExists: path => files.has(path),
      directoryExists: path => path === folder,
    },
  })
  try {
    using snapshot = api.updateSnapshot({ openProjects: [configFile] })
    const [project] = snapshot.getProjects()
    if (project === undefined) throw new Error('TypeScript opened no project for the files to read')
    const [broken] = project.program.getSyntacticDiagnostics()
    if (broken !== undefined) throw new Error(`${broken.fileName ?? 'a file'} does not parse: ${broken.text}`)
    const result = new Map<string, FileImports>()
    for (const file of texts.keys()) {
      const source = project.program.getSourceFile(join(folder, file))
      if (source === undefined) throw new Error(`TypeScript did not read ${file}`)
      result.set(file, importsOf(file, source))
    }
    return result
  } finally {
    api.close()
  }
}

function importsOf(file: string, source: SourceFile): FileImports {
  const imports: SourceImport[] = []
  const exportedNames: string[] = []

  const add = (specifier: Node | undefined, kind: SourceImport['kind'], names?: readonly string[]) => {
    // A specifier that is computed names nothing that could be checked.
    if (specifier === undefined || !isStringLiteralLikeNode(specifier)) return
    if (kind === 'location' && !CODE_FILE.test(specifier.text)) return
    const start = specifier.getStart(source)
    const line = source.getLineAndCharacterOfPosition(start).line + 1
    imports.push({ file, line, specifier: specifier.text, start, end: specifier.end, kind, names })
  }

  const visit = (node: Node): void => {
    if (isImportDeclaration(node)) {
      const { importClause: clause, moduleSpecifier } = node
      const kind = clause?.phaseModifier === SyntaxKind.TypeKeyword ? 'type' : 'static'
      add(moduleSpecifier, kind, namesOf(clause))
    } else if (isExportDeclaration(node)) {
      const { exportClause: clause, moduleSpecifier } = node
      const listed = clause !== undefined && isNamedExports(clause) ? clause.elements : undefined
      exportedNames.push(...(listed ?? []).map(({ name }) => name.text))
      add(moduleSpecifier, node.isTypeOnly ? 'type' : 'static', listed?.map(originalName))
    } else if (isExternalModuleReference(node)) {
      add(node.expression, 'static')
    } else if (isImportTypeNode(node) && isLiteralTypeNode(node.argument)) {
      const { qualifier } = node
      add(node.argument.literal, 'type', qualifier && isIdentifier(qualifier) ? [qualifier.text] : undefined)
    } else if (isCallExpression(node)) {
      const kind = callKind(node.expression)
      if (kind !== undefined) add(node.arguments[0], kind)
    } else if (isNewExpression(node) && isIdentifier(node.expression) && node.expression.text === 'URL') {
      if (isImportMeta(node.arguments?.[1], 'url')) add(node.arguments?.[0], 'location')
    }
    node.forEachChild(visit)
  }
  visit(source)
  return { imports, exportedNames }
}

/** The names a clause takes, as the other module calls them; `undefined` for `* as x`; none for a bare import. */
function namesOf(clause: ImportClause | undefined): readonly string[] | undefined {
  const names = clause?.name === undefined ? [] : ['default']
  const bindings = clause?.namedBindings
  if (bindings === undefined) return names
  return isNamedImports(bindings) ? [...names, ...bindings.elements.map(originalName)] : undefined
}

function originalName({ name, propertyName }: ImportSpecifier | ExportSpecifier): string {
  return (propertyName ?? name).text
}

function callKind(callee: Node): SourceImport['kind'] | undefined {
  if (callee.kind === SyntaxKind.ImportKeyword) return 'dynamic'
  if (isIdentifier(callee) && callee.text === 'require') return 'static'
  return isImportMeta(callee, 'resolve') ? 'location' : undefined
}

function isImportMeta(node: Node | undefined, member: string): boolean {
  return (
    node !== undefined &&
    isPropertyAccessExpression(node) &&
    isMetaProperty(node.expression) &&
    node.name.text === member
  )
}
