/**
 * Why a module could not be imported, in one line, with the place in the source where Node.js tells
 * it: its message alone names none.
 */
export function describeImportProblem(error: unknown): string {
  if (!(error instanceof Error)) return `it threw ${String(error)}`
  const code = 'code' in error ? error.code : undefined
  const [message = ''] = error.message.split('\n')
  if (code === 'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING') {
    return `${message}. A package must be published as JavaScript; only files outside node_modules may be TypeScript`
  }
  if (code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX') {
    return `${place(error)}${message}. TypeScript runs without a compiler here, so only types may be TypeScript's own`
  }
  if (error instanceof SyntaxError) return `${place(error)}${message}`
  if (code === 'ERR_MODULE_NOT_FOUND') return message
  return `${placeOfThrow(error)}${error.name}: ${message}`
}

/** Syntax errors begin their stack with `file:line`, followed by the line itself. */
function place({ stack = '' }: Error): string {
  const match = /^(?:file:\/\/)?(\/[^\n?]*)(?:\?[^\n:]*)?:(\d+)$/m.exec(stack.split('\n')[0] ?? '')
  return match === null ? '' : `${match[1]}:${match[2]}: `
}

/** The first frame in a file, for errors that the module's own code threw. */
function placeOfThrow({ stack = '' }: Error): string {
  const match = /\(?file:\/\/(\/[^\n?]*)(?:\?[^\n:]*)?:(\d+):\d+\)?$/m.exec(stack)
  return match === null ? '' : `${match[1]}:${match[2]}: `
}
