import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import pc from 'picocolors'
import { CommandFailure } from './command-failure.ts'
import { EXIT } from './exit-codes.ts'
import { packageVersion } from './package-version.ts'

const TEMPLATES = new Map([
  ['model', 'a custom model in TypeScript: class, contract, settings, test, Dockerfile'],
])
const DEFAULT_TEMPLATE = 'model'

/** `millrace init [TEMPLATE] DIR`. */
export function initCommand(): Command {
  const list = Array.from(TEMPLATES, ([name, what]) => `  ${name}   ${what}`).join('\n')
  return new Command('init')
    .summary('make a new custom model with its test')
    .description('Make a new custom model with its test in a new or empty folder.')
    .argument('[template]', `one of: ${[...TEMPLATES.keys()].join(', ')} (default: ${DEFAULT_TEMPLATE})`)
    .argument('[folder]', 'where to make it; its name becomes the name of the model')
    .addHelpText(
      'after',
      `
Templates:
${list}

Examples:
  millrace init my-model
  millrace init model models/my-model`,
    )
    .action(async (first: string | undefined, second: string | undefined) => {
      const [template, folder] = second === undefined ? [DEFAULT_TEMPLATE, first] : [first, second]
      if (folder === undefined) {
        throw new CommandFailure('say which folder to make, for example: millrace init my-model', EXIT.usage)
      }
      await init(template ?? DEFAULT_TEMPLATE, resolve(folder))
    })
}

async function init(template: string, folder: string): Promise<void> {
  if (!TEMPLATES.has(template)) {
    throw new CommandFailure(
      `template '${template}' does not exist; there is ${[...TEMPLATES.keys()].join(', ')}`,
      EXIT.usage,
    )
  }
  const name = basename(folder)
  const words = name.split(/[^A-Za-z0-9]+/).filter(word => word !== '')
  if (!/^[A-Za-z]/.test(name) || !/^[A-Za-z0-9._-]+$/.test(name)) {
    throw new CommandFailure(
      `'${name}' cannot name a model and its package: use letters, digits, '.', '_' and '-', with a letter first`,
      EXIT.usage,
    )
  }
  await refuseUsedFolder(folder)
  const values = {
    name: name.toLowerCase(),
    className: classNameOf(words),
    version: packageVersion(),
  }
  const written = await copyTemplate(
    fileURLToPath(new URL(`./templates/${template}/`, templatesBase())),
    folder,
    values,
  )
  const place = relative(process.cwd(), folder) || '.'
  process.stdout.write(`Made ${pc.green(place)} with ${written.join(', ')}.

Next:
  cd ${place}
  npm install
  npm test
  npm start
`)
}

/** What the template imports cannot be the name of its class as well. */
const IMPORTED = new Set(['ContractModel', 'InputValues'])

function classNameOf(words: readonly string[]): string {
  const name = words.map(word => word[0]!.toUpperCase() + word.slice(1)).join('')
  return IMPORTED.has(name) ? `My${name}` : name
}

async function refuseUsedFolder(folder: string): Promise<void> {
  const existing = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    if (error.code === 'ENOTDIR')
      throw new CommandFailure(
        `${folder} is a file, or lies below one; name a new or empty folder`,
        EXIT.configuration,
      )
    throw error
  })
  if (existing.length > 0) {
    throw new CommandFailure(`folder ${folder} is not empty; name a new or empty one`, EXIT.configuration)
  }
}

async function copyTemplate(
  source: string,
  target: string,
  values: Readonly<Record<string, string>>,
): Promise<string[]> {
  await mkdir(target, { recursive: true })
  const written: string[] = []
  for (const file of (await readdir(source)).toSorted()) {
    const text = await readFile(join(source, file), 'utf8')
    const filled = text.replaceAll(/\{\{(\w+)\}\}/g, (_, key: string) => values[key] ?? '')
    const name = targetName(file)
    await writeFile(join(target, name), filled)
    written.push(name)
  }
  return written
}

/** npm leaves dot files and nested package manifests out of packages, so templates carry them as `_name`. */
function targetName(file: string): string {
  if (file === '_package.json') return 'package.json'
  return file.startsWith('_') ? `.${file.slice(1)}` : file
}

/** Templates are not compiled: from `dist/cli` they are where the source has them. */
function templatesBase(): URL {
  return import.meta.url.includes('/dist/cli/')
    ? new URL('../../cli/', import.meta.url)
    : new URL('./', import.meta.url)
}
