import { fileURLToPath } from 'node:url'

/**
 * How this very program is started, without a command of its own: by the same Node.js, with what makes it read source
 * where this process reads source.
 */
export function builtInCommand(): readonly [program: string, ...args: string[]] {
  const conditions = process.execArgv.filter(argument => /^(?:--conditions=|-C)/.test(argument))
  const main = fileURLToPath(new URL(`../main${extension()}`, import.meta.url))
  return [process.execPath, ...conditions, main]
}

function extension(): string {
  return import.meta.url.endsWith('.ts') ? '.ts' : '.js'
}
