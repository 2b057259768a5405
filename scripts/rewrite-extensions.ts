import { readImports } from './source-imports.ts'

/**
 * Turns `./x.ts` into `./x.js` where the compiler leaves it: in declarations, and in JavaScript that finds a file by
 * its own location, such as `new URL('./worker.ts', import.meta.url)`. Takes and returns texts by file name; files
 * that need no change are left out of the result.
 */
export function rewriteExtensions(texts: ReadonlyMap<string, string>): Map<string, string> {
  const rewritten = new Map<string, string>()
  for (const [file, { imports }] of readImports(texts)) {
    const stale = imports.filter(({ specifier }) => /^\.{1,2}\/.*(?<!\.d)\.ts$/.test(specifier))
    if (stale.length === 0) continue
    let text = texts.get(file)!
    // From the end, so that the positions before stay true.
    for (const { specifier, end } of stale.toSorted((a, b) => b.end - a.end)) {
      const quote = text[end - 1]
      text = `${text.slice(0, end - specifier.length - 1)}${specifier.slice(0, -'.ts'.length)}.js${quote}${text.slice(end)}`
    }
    rewritten.set(file, text)
  }
  return rewritten
}
