import { readFile, stat } from 'node:fs/promises'
import { relative } from 'node:path'
import type { LoadFailure, ModelEntry, RepositoryChange, RunningServer } from '@millrace/server'
import pc from 'picocolors'
import { codeFrame } from './code-frame.ts'
import { placeError } from './error-place.ts'
import { failureLine } from './failure-line.ts'
import { modelCurlLine, url } from './start-report.ts'

/** What `millrace dev` prints about models as they come, change and go. */
export interface DevReport {
  /** Start-up is over: every model that is there, and what is wrong with the others. */
  started(failures: readonly LoadFailure[], durationMs: number): Promise<void>
  changed(change: RepositoryChange): Promise<void>
}

const MAX_SOURCE_BYTES = 1024 * 1024
const STACK_LINES = 6

/** @param folder what is served; errors are looked for in its files */
export function createDevReport(server: RunningServer, folder: string): DevReport {
  /** Models that have been told of, and have not gone. */
  const known = new Set<string>()
  const fail = async (headline: string, error: unknown) => {
    const text = await failureText(error, folder)
    process.stderr.write(`\n${failureLine(headline)}${text}`)
  }
  const entryOf = (name: string) => loadedEntries(server).find(entry => entry.name === name)

  return {
    async started(failures, durationMs) {
      const names = [...new Set(loadedEntries(server).map(entry => entry.name))].toSorted()
      const seconds = `in ${(durationMs / 1000).toFixed(1)} s`
      if (names.length > 0)
        print(`\n  models   ${names.map(name => pc.green(name)).join(', ')} ready ${seconds}\n`)
      else if (failures.length === 0) print('\n  models   none yet; make one with: millrace init my-model\n')
      print(`  docs     ${pc.cyan(`${url(server.rest)}/v2/docs`)}\n`)
      for (const name of names) {
        known.add(name)
        print(await tryText(server, entryOf(name)))
      }
      for (const { subject, error } of failures) {
        const shown = subject.startsWith('/') ? shownPath(subject) : subject
        await fail(`${shown} could not be loaded; it is tried again when its files change`, error)
      }
      print(pc.dim('\nEvery save is followed. Ctrl+C stops it.\n'))
    },

    async changed({ model, outcome, durationMs, error }) {
      const took = `in ${Math.round(durationMs)} ms`
      if (outcome === 'failed') {
        const consequence =
          entryOf(model) === undefined
            ? 'could not be loaded; it is tried again when its files change'
            : 'could not be reloaded; its last good state goes on serving'
        await fail(`${model} ${consequence}`, error)
      } else if (outcome === 'unloaded') {
        known.delete(model)
        print(`${pc.yellow(model)} unloaded: it is no longer there\n`)
      } else if (known.has(model)) {
        print(`${pc.green(model)} reloaded ${took}\n`)
      } else {
        known.add(model)
        print(`\n${pc.green(model)} loaded ${took}\n${await tryText(server, entryOf(model))}`)
      }
    },
  }
}

function print(text: string): void {
  process.stdout.write(text)
}

function loadedEntries(server: RunningServer): readonly ModelEntry[] {
  return server.registry.loaded(undefined, undefined).filter(entry => entry.instance !== null)
}

/** Where to try a model: its page, and a line to paste if it says what it takes. */
async function tryText({ rest }: RunningServer, entry: ModelEntry | undefined): Promise<string> {
  if (entry === undefined) return ''
  const page = `${url(rest)}/v2/models/${encodeURIComponent(entry.name)}/docs`
  const curl = await modelCurlLine(entry, rest)
  return `\nTry ${pc.green(entry.name)} at ${pc.cyan(page)}${curl === null ? '\n' : ` or with:\n\n${curl}\n`}`
}

async function failureText(error: unknown, folder: string): Promise<string> {
  const { problem, place } = await placeError(error, folder)
  if (place === undefined) return `  ${problem}\n${pc.dim(stackText(error))}`
  const { file, line, column } = place
  const position = column === undefined ? `${line}` : `${line}:${column}`
  const source = await readSource(file)
  return `  ${pc.cyan(`${shownPath(file)}:${position}`)}\n  ${problem}\n\n${codeFrame(source, line, column)}`
}

async function readSource(file: string): Promise<string> {
  const status = await stat(file).catch(() => null)
  if (status?.isFile() !== true || status.size > MAX_SOURCE_BYTES) return ''
  return readFile(file, 'utf8').catch(() => '')
}

/** Of the innermost cause: where nothing points into the model, this is all there is to go by. */
function stackText(error: unknown): string {
  let innermost = error
  while (innermost instanceof Error && innermost.cause instanceof Error) innermost = innermost.cause
  if (!(innermost instanceof Error)) return ''
  const frames = innermost.stack?.split('\n').filter(line => /^ {4}at /.test(line)) ?? []
  return frames
    .slice(0, STACK_LINES)
    .map(frame => `${frame}\n`)
    .join('')
}

/** As short as it can be, and so that terminals make a link of it. */
function shownPath(path: string): string {
  const short = relative(process.cwd(), path)
  return short === '' || short.startsWith('..') ? path : short
}
